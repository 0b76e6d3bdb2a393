//! Lists in pages: together they are the whole list, once and in order, and a cursor serves only whom it was made for.

use std::sync::Arc;

use domain::TenantId;
use domain::seal::Purpose;
use http::Method;
use serde_json::{Value, json};
use store::key_rings::KeyRingsTable;
use testing::cloud::Cloud;
use testing::switchboard as names;
use vault::{AwsKms, RingAssignment, RingKeeper};

use crate::stage::{ADMIN, AGENT, INTEGRATIONS, Person, Reply, STRANGER, Stage};

const LOGS: &str = "/api/v1/settings/audit-logs";
/// Where in a cursor the name of its ring is over.
const BEHIND_THE_RING: usize = 29;

/// Connects so many accounts for somebody, with priorities that do not follow their ages.
async fn connect(stage: &Stage, who: Person, count: usize, owner: &str) {
    let made = json!({"provider": "whatsapp", "count": count});
    let made = stage
        .control(Method::POST, "/_sandbox/accounts", made)
        .await;
    for (number, account) in made["accounts"]
        .as_array()
        .expect("accounts")
        .iter()
        .enumerate()
    {
        let mut form = account["configuration"].clone();
        form["app_secret"] = Value::Null;
        form["provider"] = "whatsapp".into();
        form["owner"] = owner.into();
        form["priority"] = (number * 7 % 3).into();
        let reply = stage.call(who, "POST", INTEGRATIONS, form).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
    }
}

fn ids(reply: &Reply) -> Vec<Value> {
    assert_eq!(reply.status, 200, "{}", reply.text);
    let lines = reply.body["data"].as_array().expect("a list").iter();
    let name = |line: &Value| {
        if line["id"].is_null() {
            line["number"].clone()
        } else {
            line["id"].clone()
        }
    };
    lines.map(name).collect()
}

fn cursor(reply: &Reply) -> Option<&str> {
    reply.body["next_cursor"].as_str()
}

/// All pages, one after another.
async fn pages(stage: &Stage, who: Person, list: &str, limit: usize) -> Vec<Vec<Value>> {
    let mut pages = Vec::new();
    let mut query = format!("limit={limit}");
    loop {
        let reply = stage.query(who, list, &query).await;
        pages.push(ids(&reply));
        assert!(pages.len() < 100, "it does not end");
        match cursor(&reply) {
            Some(next) => query = format!("limit={limit}&cursor={next}"),
            None => return pages,
        }
    }
}

/// A cursor to the second page of a list.
async fn second(stage: &Stage, who: Person, list: &str) -> String {
    let reply = stage.query(who, list, "limit=1").await;
    cursor(&reply).expect("a second page").to_owned()
}

#[tokio::test]
async fn cursors_lead_through_a_whole_list_once_and_in_order() {
    let stage = Stage::new().await;
    connect(&stage, ADMIN, 7, "tenant").await;
    connect(&stage, AGENT, 3, "user").await;
    connect(&stage, STRANGER, 2, "tenant").await;
    for (who, list) in [(ADMIN, INTEGRATIONS), (AGENT, INTEGRATIONS), (ADMIN, LOGS)] {
        let reply = stage.get(who, list).await;
        assert_eq!(cursor(&reply), None);
        let whole = ids(&reply);
        let count = whole.len();
        assert!(count >= 7);
        for limit in [1, 2, 3, count - 1, count, count + 1, 100] {
            let pages = pages(&stage, who, list, limit).await;
            assert_eq!(pages.concat(), whole, "{list} by {limit}");
            assert_eq!(pages.len(), count.div_ceil(limit), "{list} by {limit}");
        }
    }
    assert_eq!(ids(&stage.get(AGENT, INTEGRATIONS).await).len(), 10);
}

#[tokio::test]
async fn cursors_go_on_where_they_were_though_the_list_changes() {
    let stage = Stage::new().await;
    connect(&stage, ADMIN, 4, "tenant").await;
    let whole = ids(&stage.get(ADMIN, INTEGRATIONS).await);
    let reply = stage.query(ADMIN, INTEGRATIONS, "limit=2").await;
    let next = format!("cursor={}", cursor(&reply).expect("more"));
    for gone in [&whole[1], &whole[2]] {
        let path = format!("{INTEGRATIONS}/{}", gone.as_str().expect("an id"));
        assert_eq!(
            stage.call(ADMIN, "DELETE", &path, Value::Null).await.status,
            200
        );
    }
    let rest = ids(&stage.query(ADMIN, INTEGRATIONS, &next).await);
    assert_eq!(rest, whole[3..]);
}

#[tokio::test]
async fn cursors_of_others_of_other_lists_and_made_up_ones_are_refused() {
    let stage = Stage::new().await;
    connect(&stage, ADMIN, 3, "tenant").await;
    connect(&stage, STRANGER, 3, "tenant").await;
    let good = second(&stage, ADMIN, INTEGRATIONS).await;
    let of_type = stage.query(ADMIN, LOGS, "provider=whatsapp&limit=1").await;
    let of_type = cursor(&of_type).expect("more").to_owned();
    let mut refused = vec![
        (INTEGRATIONS, second(&stage, STRANGER, INTEGRATIONS).await),
        (INTEGRATIONS, second(&stage, ADMIN, LOGS).await),
        (LOGS, good.clone()),
        (LOGS, of_type.clone()),
        (INTEGRATIONS, String::new()),
        (INTEGRATIONS, "abc".into()),
        (INTEGRATIONS, "%00%ff".into()),
        (INTEGRATIONS, "A".repeat(5_000)),
        (INTEGRATIONS, format!("{good}A")),
    ];
    for end in (0..good.len()).step_by(5) {
        refused.push((INTEGRATIONS, good[..end].to_owned()));
    }
    for place in BEHIND_THE_RING..good.len() {
        let other = if &good[place..=place] == "A" {
            "B"
        } else {
            "A"
        };
        let mut forged = good.clone();
        forged.replace_range(place..=place, other);
        refused.push((INTEGRATIONS, forged));
    }
    for (list, cursor) in refused {
        let reply = stage.query(ADMIN, list, &format!("cursor={cursor}")).await;
        reply.is_problem(400, "invalid_parameter");
        let detail = reply.body["detail"].as_str().expect("a sentence");
        assert!(detail.contains("cursor"), "{detail}");
        assert!(cursor.len() < 8 || !reply.text.contains(&cursor));
    }
    for (list, query) in [
        (INTEGRATIONS, format!("cursor={good}")),
        (LOGS, format!("provider=whatsapp&cursor={of_type}")),
    ] {
        assert_eq!(stage.query(ADMIN, list, &query).await.status, 200);
    }
}

#[tokio::test]
async fn cursors_apart_a_limit_that_is_none_is_refused_by_name() {
    let (stage, _) = Stage::configured().await;
    for list in [INTEGRATIONS, LOGS] {
        for limit in ["0", "101", "abc", "-1", "1.5", "", "99999999999999999999"] {
            let reply = stage.query(ADMIN, list, &format!("limit={limit}")).await;
            reply.is_problem(400, "invalid_parameter");
            let detail = reply.body["detail"].as_str().expect("a sentence");
            assert!(
                detail.contains("limit") && detail.contains("1 to 100"),
                "{detail}"
            );
        }
        for limit in ["1", "100"] {
            let reply = stage.query(ADMIN, list, &format!("limit={limit}")).await;
            assert_eq!(reply.status, 200, "{}", reply.text);
        }
    }
    for provider in ["", "Whats%20App", "whatsapp%23"] {
        let reply = stage
            .query(ADMIN, LOGS, &format!("provider={provider}"))
            .await;
        reply.is_problem(400, "invalid_parameter");
        assert!(reply.text.contains("provider"), "{}", reply.text);
    }
}

fn keeper(stage: &Stage, purpose: Purpose) -> RingKeeper {
    let sdk = stage.cloud.sdk_config();
    let client = aws_sdk_dynamodb::Client::new(&sdk);
    let rows = KeyRingsTable::new(client, names::KEY_RINGS.into());
    let kms = AwsKms(aws_sdk_kms::Client::new(&sdk));
    RingKeeper::new(purpose, Arc::new(rows), Arc::new(kms), stage.clock.clone())
}

#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test is a trusted source of tenants"
)]
async fn cursors_survive_the_rotation_of_their_ring_and_need_no_ring_of_the_tenants_own() {
    let mut stage = Stage::new().await;
    connect(&stage, ADMIN, 3, "tenant").await;
    let whole = ids(&stage.get(ADMIN, INTEGRATIONS).await);
    let tenant = TenantId::from_trusted_source(ADMIN.tenant).expect("a tenant");
    let purposes = [
        (Purpose::Credentials, names::CREDENTIALS_KEY),
        (Purpose::WebhookSecrets, names::WEBHOOK_SECRETS_KEY),
    ];
    let mut cursors = vec![second(&stage, ADMIN, INTEGRATIONS).await];
    for (purpose, key) in purposes {
        let rings = RingAssignment {
            shared_rings: 2,
            kms_key: Cloud::key_arn(key),
        };
        let ring = rings.shared_ring(purpose, &tenant);
        let rotated = keeper(&stage, purpose).rotate(&ring, None).await;
        // There is none yet for what nobody has sealed.
        assert!(rotated.is_ok() || purpose == Purpose::WebhookSecrets);
    }
    cursors.push(second(&stage, ADMIN, INTEGRATIONS).await);
    for (purpose, key) in purposes {
        let key = Cloud::key_arn(key);
        let given = keeper(&stage, purpose).give_own_ring(&tenant, &key).await;
        given.expect("a ring of its own");
    }
    cursors.push(second(&stage, ADMIN, INTEGRATIONS).await);
    for cold in [false, true] {
        if cold {
            stage.forget();
        }
        for cursor in &cursors {
            let query = format!("cursor={cursor}");
            let rest = ids(&stage.query(ADMIN, INTEGRATIONS, &query).await);
            assert_eq!(rest, whole[1..]);
        }
    }
    let kinds: std::collections::BTreeSet<_> = cursors.iter().map(|one| &one[..40]).collect();
    assert_eq!(
        kinds.len(),
        2,
        "made under two versions of the ring that tenants share"
    );
}
