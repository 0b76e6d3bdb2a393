//! Moving records to a new version of their ring while everybody goes on working.

use std::cell::{Cell, RefCell};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::seal::Purpose;
use domain::{Integration, TenantId};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::sync::Arc;
use testing::clock::ManualClock;
use testing::switchboard as names;
use tokio::task::yield_now;
use vault::{OpenError, Opener};

use crate::breaking_off::at_every_call;
use crate::kept::{self, BY, Nobody, look};
use crate::seeding::{RECORDS_EACH, Seeded, Seeds};
use crate::stage::Stage;

const RESEAL: &str = "rings reseal --all-old --pause 0";

/// So many tenants with so many integrations each, and a new version of every ring.
async fn rotated(stage: &Stage, seeds: &Seeds, tenants: usize, each: usize) -> Vec<Seeded> {
    let mut seeded = Vec::new();
    for number in 0..tenants {
        seeded.extend(seeds.tenant(&format!("t_{number}"), each).await);
    }
    stage.operator("rings rotate --all").await.complete();
    seeded
}

#[tokio::test]
async fn f6_everything_under_an_old_version_moves_and_still_opens() {
    let stage = Stage::new();
    let seeds = Seeds::new(&stage);
    let count = rotated(&stage, &seeds, 8, 3).await.len() * RECORDS_EACH;
    assert_eq!(look(&stage).await.held_by("#1"), count);
    let resealed = stage.operator(RESEAL).await.complete();
    assert_eq!(
        (&resealed["moved"], &resealed["left"]),
        (&json!(count), &json!(0))
    );
    let kept = look(&stage).await;
    assert_eq!((kept.held_by("#1"), kept.held_by("#2")), (0, count));
    assert_eq!(kept.failed, Vec::<String>::new());
    let again = stage.operator(RESEAL).await.complete();
    assert_eq!((&again["moved"], &again["left"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn f6_one_version_of_one_ring_moves_alone() {
    let stage = Stage::new();
    let seeds = Seeds::new(&stage);
    rotated(&stage, &seeds, 8, 1).await;
    let before = look(&stage).await;
    stage
        .operator("rings reseal credentials/shared-1 1 --pause 0")
        .await
        .complete();
    let after = look(&stage).await;
    assert_eq!(after.held.get("credentials/shared-1#1"), None);
    assert_eq!(
        after.held.get("credentials/shared-1#2"),
        before.held.get("credentials/shared-1#1")
    );
    assert_eq!(
        after.held.get("credentials/shared-0#1"),
        before.held.get("credentials/shared-0#1")
    );
    assert_eq!(after.failed, Vec::<String>::new());
}

#[tokio::test]
async fn f6_a_tenant_with_many_records_does_not_stand_in_its_own_way() {
    let stage = Stage::new();
    let seeds = Seeds::new(&stage);
    let count = rotated(&stage, &seeds, 1, 100).await.len() * RECORDS_EACH;
    let resealed = stage.operator(RESEAL).await.complete();
    assert_eq!(resealed["moved"], count);
    stage.operator("audit verify t_0").await.complete();
}

#[tokio::test]
async fn e3_every_opening_stands_in_its_tenants_chain() {
    let stage = Stage::new();
    let seeds = Seeds::new(&stage);
    rotated(&stage, &seeds, 3, 2).await;
    stage.operator(RESEAL).await.complete();
    for number in 0..3 {
        let opened = audit(&stage, &format!("t_{number}"))
            .into_iter()
            .filter(|record| record["purpose"] == "reseal" && record["actor"] == "operator:tester")
            .count();
        assert_eq!(opened, 2 * RECORDS_EACH);
    }
}

#[tokio::test]
async fn f6_what_does_not_open_is_named_and_stays() {
    let stage = Stage::new();
    let seeds = Seeds::new(&stage);
    let seeded = rotated(&stage, &seeds, 2, 2).await;
    tamper(&stage, &seeded[1].integration).await;
    let ran = stage.operator(RESEAL).await;
    assert!(matches!(ran.done, Ok(false)), "{}", ran.result);
    let (all, moved) = (seeded.len() * RECORDS_EACH, &ran.result["moved"]);
    assert_eq!((moved, &ran.result["left"]), (&json!(all - 1), &json!(1)));
    let named = &ran.result["do_not_open"][0];
    assert_eq!(named["integration"], seeded[1].integration.id.as_str());
    assert_eq!(named["tenant"], "t_0");
    let refused = audit(&stage, "t_0").into_iter();
    assert_eq!(
        refused
            .filter(|record| record["outcome"] == "does_not_open")
            .count(),
        1
    );
    assert_eq!(look(&stage).await.failed.len(), 1);
}

#[tokio::test]
async fn f6_nothing_is_refused_or_lost_while_tenants_send_and_change() {
    let clock = Arc::new(ManualClock::default());
    let stage = Stage::with_provider(clock).await;
    let seeds = Seeds::known(&stage, 60).await;
    let seeded = rotated(&stage, &seeds, 12, 5).await;
    let api = stage.config_api();
    let done = Cell::new(false);
    let deleted = RefCell::new(Vec::new());
    let opened = Cell::new(0);
    let operate = async {
        let ran = stage.operator(RESEAL).await;
        done.set(true);
        ran.complete()
    };
    let send = join_all(seeded.chunks(5).map(async |some| {
        while !done.get() {
            for Seeded { integration, .. } in some {
                opened.set(opened.get() + usize::from(open(&stage, &seeds, integration).await));
            }
        }
    }));
    let change = async {
        for (number, Seeded { integration, token }) in seeded.iter().enumerate() {
            let current = seeds.find(integration).await.expect("it is there");
            match number % 5 {
                0 => assert!(seeds.rename(&current).await.is_some()),
                1 => assert!(seeds.change(&current, token).await.is_some()),
                2 => {
                    assert!(seeds.delete(&current).await);
                    deleted.borrow_mut().push(current);
                }
                3 => patch(&stage, &api, &current, json!({"name": "Front desk"})).await,
                _ => {}
            }
        }
    };
    // Changes that ask the provider take longer than all the rest.
    let enter = async {
        for Seeded { integration, .. } in seeded.iter().skip(4).step_by(5).take(4) {
            patch(
                &stage,
                &api,
                integration,
                json!({"waba_id": integration.settings["waba_id"]}),
            )
            .await;
        }
    };
    tokio::join!(operate, send, change, enter);
    assert!(opened.get() > 0);
    stage.operator(RESEAL).await.complete();
    let kept = look(&stage).await;
    assert_eq!(kept.failed, Vec::<String>::new());
    assert_eq!(kept.held_by("#1"), 0);
    let deleted = deleted.into_inner();
    for Seeded { integration, .. } in &seeded {
        let is_deleted = deleted.iter().any(|of| of.id == integration.id);
        let (there, route) = what_is_left(&stage, integration);
        assert_eq!(
            (there > 0, route),
            (!is_deleted, !is_deleted),
            "{}",
            integration.id
        );
    }
}

/// Does the work while, after so many of its calls, an integration is removed.
async fn remove_meanwhile(stage: &Stage, seeds: &Seeds, work: impl Future, calls: u64) -> Removed {
    let integration = seeds.tenant("t_one", 1).await.remove(0).integration;
    stage.operator("rings rotate --all").await.complete();
    let over = Cell::new(false);
    let work = async {
        work.await;
        over.set(true);
    };
    let remove = async {
        let too_late = after(stage, calls, &over).await;
        let removed = seeds.delete(&integration).await;
        assert!(removed, "nobody else changes its revision");
        too_late
    };
    let ((), too_late) = tokio::join!(work, remove);
    Removed {
        resurrected: is_anything_left(stage, &integration),
        too_late,
    }
}

/// Waits until so many more calls were made, or all is over; whether it is.
async fn after(stage: &Stage, calls: u64, over: &Cell<bool>) -> bool {
    let made = || stage.cloud.counts().values().sum::<u64>();
    let until = made() + calls;
    while made() < until && !over.get() {
        yield_now().await;
    }
    over.get()
}

/// What became of an integration that was removed.
struct Removed {
    resurrected: bool,
    /// The work was over already.
    too_late: bool,
}

#[tokio::test]
async fn f6_what_is_removed_between_reading_and_writing_stays_removed() {
    for calls in 0.. {
        let stage = Stage::new();
        let seeds = Seeds::new(&stage);
        let reseal = async { stage.operator(RESEAL).await.complete() };
        let removed = remove_meanwhile(&stage, &seeds, reseal, calls).await;
        assert!(!removed.resurrected, "{calls}");
        assert_eq!(look(&stage).await.count(), 0, "{calls}");
        if removed.too_late {
            assert!(calls > 30, "{calls}");
            return;
        }
    }
}

#[tokio::test]
async fn f6_a_careless_writer_would_resurrect_what_is_removed() {
    let mut resurrected = 0;
    for calls in 0.. {
        let stage = Stage::new();
        let seeds = Seeds::new(&stage);
        let careless = put_everything_back(&stage);
        let removed = remove_meanwhile(&stage, &seeds, careless, calls).await;
        resurrected += usize::from(removed.resurrected);
        if removed.too_late {
            break;
        }
    }
    assert!(resurrected > 0, "the check above finds nothing at all");
}

/// Reads every integration and writes it again as it was, whatever became of it meanwhile.
async fn put_everything_back(stage: &Stage) {
    let client = stage.dynamodb();
    let tenant = AttributeValue::S("t_one".into());
    let query = client.query().table_name(names::INTEGRATIONS);
    let found = query
        .key_condition_expression("pk = :t")
        .expression_attribute_values(":t", tenant)
        .send()
        .await
        .unwrap();
    for item in found.items.unwrap_or_default() {
        let put = client.put_item().table_name(names::INTEGRATIONS);
        put.set_item(Some(item)).send().await.unwrap();
    }
}

#[tokio::test]
async fn f6_what_is_changed_between_reading_and_writing_keeps_its_change() {
    for calls in 0.. {
        let stage = Stage::new();
        let seeds = Seeds::new(&stage);
        let Seeded { integration, token } = seeds.tenant("t_one", 1).await.remove(0);
        stage.operator("rings rotate --all").await.complete();
        let over = Cell::new(false);
        let reseal = async {
            stage.operator(RESEAL).await.complete();
            over.set(true);
        };
        let change = async {
            let too_late = after(&stage, calls, &over).await;
            let changed = seeds.change(&integration, &token).await;
            (changed.expect("nobody else changes its revision"), too_late)
        };
        let ((), (changed, too_late)) = tokio::join!(reseal, change);
        let stored = seeds.find(&integration).await.expect("it is there");
        assert_eq!(
            stored.credential_version, changed.credential_version,
            "{calls}"
        );
        // What was read before the move is written with its old seal; the next look finds it.
        stage.operator(RESEAL).await.complete();
        let kept = look(&stage).await;
        assert_eq!(
            (kept.count(), kept.held_by("#1")),
            (RECORDS_EACH, 0),
            "{calls}"
        );
        assert_eq!(kept.failed, Vec::<String>::new(), "{calls}");
        if too_late {
            return;
        }
    }
}

#[tokio::test]
async fn f6_resealing_goes_on_where_it_was_broken_off() {
    let stage = async || {
        let stage = Stage::new();
        let seeds = Seeds::new(&stage);
        rotated(&stage, &seeds, 1, 1).await;
        stage
    };
    let calls = at_every_call(RESEAL, stage, async |stage| {
        let kept = look(stage).await;
        assert_eq!((kept.held_by("#1"), kept.held_by("#2")), (0, RECORDS_EACH));
        assert_eq!(kept.failed, Vec::<String>::new());
    })
    .await;
    assert!(calls > 30, "{calls}");
}

#[tokio::test]
async fn f6_rotation_may_be_broken_off_too() {
    let stage = async || {
        let stage = Stage::new();
        Seeds::new(&stage).tenant("t_one", 1).await;
        stage
    };
    let line = "rings rotate --all";
    at_every_call(line, stage, async |stage| {
        stage.operator(RESEAL).await.complete();
        let kept = look(stage).await;
        assert_eq!((kept.held_by("#1"), kept.count()), (0, RECORDS_EACH));
        assert_eq!(kept.failed, Vec::<String>::new());
    })
    .await;
}

/// Opens an integration's credentials as a cold function does; `false` if it is gone.
async fn open(stage: &Stage, seeds: &Seeds, integration: &Integration) -> bool {
    for _ in 0..20 {
        let Some(current) = seeds.find(integration).await else {
            return false;
        };
        let opener = Opener::new(stage.keys(Purpose::Credentials), Arc::new(Nobody));
        match kept::custody(stage, opener).open(&current, None, BY).await {
            Ok(_) => return true,
            Err(OpenError::DoesNotOpen) => panic!("{} does not open", current.id),
            // It was changed while it was read.
            Err(OpenError::Unavailable(_)) => {}
        }
    }
    panic!("{} changes all the time", integration.id);
}

async fn patch(stage: &Stage, api: &config_api::Context, integration: &Integration, body: Value) {
    let path = format!("/api/v1/settings/integrations/{}", integration.id);
    let tenant = integration.tenant.as_str();
    let (status, answer) = stage.ask(api, tenant, ("PATCH", &path), body).await;
    assert_eq!(status, 200, "{answer}");
}

fn is_anything_left(stage: &Stage, integration: &Integration) -> bool {
    what_is_left(stage, integration) != (0, false)
}

/// How many items there are of an integration, and whether its route is.
fn what_is_left(stage: &Stage, integration: &Integration) -> (usize, bool) {
    let id = integration.id.as_str();
    let is_its = |item: &&Value| {
        let sk = item["sk"]["S"].as_str();
        sk.is_some_and(|sk| sk.ends_with(id) && !sk.starts_with("REMOVED#"))
    };
    let items = stage.cloud.items(names::INTEGRATIONS);
    let route = &integration.webhook.as_ref().unwrap().route;
    let routes = stage.cloud.items(names::WEBHOOK_ROUTES);
    (
        items.iter().filter(is_its).count(),
        routes.iter().any(|item| item["pk"]["S"] == **route),
    )
}

/// A tenant's audit records.
fn audit(stage: &Stage, tenant: &str) -> Vec<Value> {
    let items = stage.cloud.items(names::AUDIT);
    let of_tenant = items.iter().filter(|item| item["pk"]["S"] == tenant);
    of_tenant
        .map(|item| serde_json::from_str(item["record"]["S"].as_str().unwrap()).unwrap())
        .collect()
}

/// Flips a bit in an integration's sealed credentials.
async fn tamper(stage: &Stage, integration: &Integration) {
    let mut sealed = integration.credentials.as_bytes().to_vec();
    *sealed.last_mut().unwrap() ^= 1;
    let tenant: &TenantId = &integration.tenant;
    stage
        .dynamodb()
        .update_item()
        .table_name(names::INTEGRATIONS)
        .key("pk", AttributeValue::S(tenant.to_string()))
        .key(
            "sk",
            AttributeValue::S(store::keys::integration(&integration.id)),
        )
        .update_expression("SET credentials = :bytes")
        .expression_attribute_values(":bytes", AttributeValue::B(Blob::new(sealed)))
        .send()
        .await
        .unwrap();
}
