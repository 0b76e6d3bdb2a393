//! Events: all of them once, newest first, however they are asked for.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::event::{DeliveryStatus, EventKind, InboundEvent, ProviderEvent, StatusUpdate};
use domain::{IntegrationId, MessageId, ProviderId, TenantId, Timestamp};
use serde_json::json;
use serde_json::value::RawValue;
use store::activity::{Events, KeptEvent, RETENTION};
use store::ledger::Messages;
use store::page::Page;
use testing::cloud::{Calls, Cloud, Fault, Units};
use testing::switchboard::ACTIVITY;

use crate::tenant;

struct Stage {
    cloud: Cloud,
    events: Events,
    messages: Messages,
    tenant: TenantId,
}

impl Stage {
    fn new() -> Self {
        let (cloud, client, _) = crate::cloud();
        Self {
            cloud,
            events: Events::new(client.clone(), ACTIVITY.into()),
            messages: Messages::new(client, ACTIVITY.into()),
            tenant: tenant("t_one"),
        }
    }

    async fn keep(&self, of: &IntegrationId, id: &str, millis: i64) {
        self.keep_with(of, id, millis, r#"{"type":"text"}"#).await;
    }

    async fn keep_with(&self, of: &IntegrationId, id: &str, millis: i64, payload: &str) {
        let payload = RawValue::from_string(payload.to_owned()).expect("JSON");
        let event = event(of, id, millis, EventKind::Message, &payload);
        let kept = self.events.keep(&self.tenant, &event).await;
        assert!(kept.expect("kept"), "{id} is new");
    }

    /// Puts later events beside the one that is kept, without a client's help, which takes its time.
    fn keep_many(&self, of: &IntegrationId, count: i64) {
        let mut item = self.cloud.items(ACTIVITY)[0].clone();
        for number in 1..=count {
            let at = Timestamp::from_millis(number);
            item["sk"]["S"] = format!("EVENT#{of}#{number:032}").into();
            item["listed"]["S"] = format!("EVENT#{at}#{number:016}").into();
            let put = json!({"TableName": ACTIVITY, "Item": item}).to_string();
            self.cloud
                .answer("DynamoDB_20120810.PutItem", put.as_bytes());
        }
        let kept = i64::try_from(self.cloud.items(ACTIVITY).len());
        assert_eq!(kept, Ok(count + 1));
    }

    async fn page(
        &self,
        of: &[&IntegrationId],
        after: Option<&str>,
        limit: usize,
    ) -> Page<KeptEvent> {
        let of = of.iter().map(|id| (*id).clone()).collect();
        let page = self.events.list(&self.tenant, &of, after, limit).await;
        page.expect("readable")
    }

    /// All pages, one after another.
    async fn pages(&self, of: &[&IntegrationId], limit: usize) -> Vec<Page<KeptEvent>> {
        let mut pages = vec![self.page(of, None, limit).await];
        while let Some(next) = pages.last().and_then(|page| page.next.clone()) {
            pages.push(self.page(of, Some(&next), limit).await);
            assert!(pages.len() < 100, "it does not end");
        }
        pages
    }
}

fn event<'a>(
    of: &IntegrationId,
    id: &str,
    millis: i64,
    kind: EventKind,
    payload: &'a RawValue,
) -> InboundEvent<'a> {
    InboundEvent {
        tenant: "t_one".into(),
        integration: of.clone(),
        provider: ProviderId::parse("whatsapp").expect("a type"),
        received_at: Timestamp::from_millis(millis),
        event: ProviderEvent {
            id: id.to_owned(),
            account: Some("320000000000021".into()),
            occurred_at: Timestamp::from_millis(millis - 700),
            kind,
            contacts: None,
            payload,
        },
    }
}

fn ids(pages: &[Page<KeptEvent>]) -> Vec<String> {
    let lines = pages.iter().flat_map(|page| &page.lines);
    lines.map(|event| event.id.clone()).collect()
}

#[tokio::test]
async fn an_event_comes_back_as_it_was_kept() {
    let stage = Stage::new();
    let of = IntegrationId::make();
    // To the last digit, and in the provider's own spelling.
    let payload = r#"{ "n": 12345678901234567890123, "t": "\u00e9\/" }"#;
    stage
        .keep_with(&of, "wamid.1", 1_767_225_600_123, payload)
        .await;
    let page = stage.page(&[&of], None, 10).await;
    let [one] = page.lines.as_slice() else {
        panic!("one event, not {:?}", page.lines);
    };
    assert_eq!(one.payload.get(), payload);
    assert_eq!((one.kind.as_str(), &one.integration), ("message", &of));
    assert_eq!(one.provider.as_str(), "whatsapp");
    assert_eq!(one.account.as_deref(), Some("320000000000021"));
    assert_eq!(one.received_at.millis(), 1_767_225_600_123);
    assert_eq!(one.occurred_at.millis(), 1_767_225_599_423);
    assert!(one.id.starts_with("evt_") && one.id.len() == 62);
    assert_eq!(page.next, None);
}

#[tokio::test]
async fn pages_are_the_whole_list_once_also_of_what_came_in_one_millisecond() {
    let stage = Stage::new();
    let of = [IntegrationId::make(), IntegrationId::make()];
    for number in 0..36 {
        // The same id of two integrations, twelve at a time.
        let integration = &of[number % 2];
        let millis = i64::try_from(number / 12).expect("small");
        let id = format!("wamid.{}", number / 2);
        stage.keep(integration, &id, millis).await;
    }
    let both = [&of[0], &of[1]];
    let whole = stage.page(&both, None, 100).await;
    assert_eq!(whole.next, None);
    let times: Vec<_> = whole.lines.iter().map(|one| one.received_at).collect();
    assert!(times.is_sorted_by(|one, next| one >= next), "{times:?}");
    let whole = ids(&[whole]);
    assert_eq!(whole.iter().collect::<BTreeSet<_>>().len(), 36);
    for limit in [1, 2, 5, 11, 12, 13, 35, 36, 37] {
        let pages = stage.pages(&both, limit).await;
        assert_eq!(ids(&pages), whole, "by {limit}");
        assert_eq!(pages.len(), 36_usize.div_ceil(limit), "by {limit}");
    }
    for one in &of {
        let pages = stage.pages(&[one], 5).await;
        let own: Vec<_> = whole
            .iter()
            .filter(|id| id.contains(&one.as_str()[4..]))
            .cloned()
            .collect();
        assert_eq!((ids(&pages), own.len()), (own, 18));
    }
}

#[tokio::test]
async fn of_another_tenant_and_of_no_integration_nothing_is_listed() {
    let stage = Stage::new();
    let of = IntegrationId::make();
    stage.keep(&of, "wamid.1", 0).await;
    assert_eq!(stage.page(&[&of], None, 10).await.lines.len(), 1);
    assert!(stage.page(&[], None, 10).await.lines.is_empty());
    let other = IntegrationId::make();
    assert!(stage.page(&[&other], None, 10).await.lines.is_empty());
    let wanted = BTreeSet::from([of]);
    let foreign = stage.events.list(&tenant("t_two"), &wanted, None, 10).await;
    assert!(foreign.expect("readable").lines.is_empty());
}

#[tokio::test]
async fn what_is_known_of_messages_is_no_event() {
    let stage = Stage::new();
    let of = IntegrationId::make();
    let update = StatusUpdate {
        message: MessageId::parse("m-1").ok(),
        provider_id: "wamid.1".into(),
        status: DeliveryStatus::Read,
        failure: None,
    };
    let message = MessageId::parse("m-1").expect("an id");
    let at = Timestamp::from_millis(1);
    let noted = stage
        .messages
        .add_evidence((&stage.tenant, &message), at, &update);
    noted.await.expect("written");
    // News of a message that is not ours is one.
    let payload = RawValue::from_string("{}".to_owned()).expect("JSON");
    let foreign = StatusUpdate {
        message: None,
        ..update
    };
    let foreign = event(&of, "wamid.1:read", 2, EventKind::Status(foreign), &payload);
    let kept = stage.events.keep(&stage.tenant, &foreign).await;
    assert!(kept.expect("kept"));
    assert_eq!(stage.cloud.items(ACTIVITY).len(), 2);
    let page = stage.page(&[&of], None, 10).await;
    let kinds: Vec<_> = page.lines.iter().map(|one| one.kind.as_str()).collect();
    assert_eq!(kinds, ["status"]);
}

#[tokio::test]
async fn one_event_among_thousands_of_others_is_found_in_steps_of_which_each_is_bounded() {
    let stage = Stage::new();
    let (rare, busy) = (IntegrationId::make(), IntegrationId::make());
    stage.keep(&rare, "wamid.rare", 0).await;
    stage.keep_many(&busy, 2_500);
    stage.cloud.reset_counts();
    let first = stage.page(&[&rare], None, 50).await;
    assert!(first.lines.is_empty());
    assert_eq!(stage.cloud.count("Query"), 5);
    assert_eq!(stage.cloud.count("BatchGetItem"), 0);
    assert!(stage.cloud.units().read < 60.0);
    let next = first.next.expect("it goes on");
    let second = stage.page(&[&rare], Some(&next), 50).await;
    assert_eq!((second.lines.len(), second.next), (1, None));
    // Those that are looked for are found at once.
    stage.cloud.reset_counts();
    let page = stage.page(&[&busy], None, 50).await;
    assert_eq!(page.lines.len(), 50);
    assert_eq!(stage.cloud.count("Query"), 1);
}

#[tokio::test]
async fn a_page_ends_before_it_is_too_large_to_be_handed_over() {
    const LAMBDA: usize = 6 * 1024 * 1024;
    let plain = format!("\"{}\"", "x".repeat(250_000));
    // Twice as long where it is a text within JSON.
    let quotes = format!("\"{}\"", "\\\"".repeat(125_000));
    for (payload, most) in [(plain, 16), (quotes, 8)] {
        let stage = Stage::new();
        let of = IntegrationId::make();
        for number in 0..18 {
            let id = format!("wamid.{number}");
            stage.keep_with(&of, &id, number, &payload).await;
        }
        let pages = stage.pages(&[&of], 100).await;
        assert!(pages.len() > 1);
        for page in &pages {
            let payloads: Vec<_> = page.lines.iter().map(|one| one.payload.get()).collect();
            let handed_over = serde_json::to_string(&payloads).expect("JSON").len();
            assert!(handed_over < LAMBDA && (1..=most).contains(&payloads.len()));
        }
        let found = ids(&pages);
        assert_eq!(found.len(), 18);
        assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), 18);
    }
}

#[tokio::test]
async fn what_a_call_leaves_over_is_asked_for_again_and_a_table_that_is_away_is_an_error() {
    let stage = Stage::new();
    let of = IntegrationId::make();
    for number in 0..30 {
        stage.keep(&of, &format!("wamid.{number}"), number).await;
    }
    let whole = ids(&[stage.page(&[&of], None, 100).await]);
    let calls = Calls::of("BatchGetItem").on(ACTIVITY).times(4);
    stage.cloud.faults().fail(calls, Fault::Partial(7));
    let again = ids(&[stage.page(&[&of], None, 100).await]);
    assert_eq!((again.len(), again), (30, whole));
    for operation in ["Query", "BatchGetItem"] {
        stage.cloud.faults().clear();
        let calls = Calls::of(operation).on(ACTIVITY).always();
        stage.cloud.faults().fail(calls, Fault::AccessDenied);
        let wanted = BTreeSet::from([of.clone()]);
        let page = stage.events.list(&stage.tenant, &wanted, None, 10).await;
        assert!(page.is_err(), "{operation}");
    }
    stage.cloud.faults().clear();
    assert_eq!(stage.page(&[&of], None, 100).await.lines.len(), 30);
}

#[tokio::test]
async fn a_list_goes_on_behind_an_event_that_is_gone_meanwhile() {
    let stage = Stage::new();
    let of = IntegrationId::make();
    for number in 0..5 {
        stage.keep(&of, &format!("wamid.{number}"), number).await;
    }
    let whole = ids(&[stage.page(&[&of], None, 10).await]);
    let first = stage.page(&[&of], None, 2).await;
    let last = first.lines[1].received_at.millis().to_string();
    let items = stage.cloud.items(ACTIVITY);
    let gone = items.iter().find(|item| item["received_at"]["N"] == last);
    let gone = gone.expect("it is there");
    let key = |name: &str| AttributeValue::S(gone[name]["S"].as_str().expect("text").to_owned());
    let client = aws_sdk_dynamodb::Client::new(&stage.cloud.sdk_config());
    let delete = client.delete_item().table_name(ACTIVITY);
    let delete = delete.key("pk", key("pk")).key("sk", key("sk"));
    delete.send().await.expect("deleted");
    let rest = stage.page(&[&of], first.next.as_deref(), 10).await;
    assert_eq!(ids(&[rest]), whole[2..]);
}

#[tokio::test]
async fn an_event_costs_one_write_unit_in_the_index_and_is_kept_for_thirty_days() {
    let stage = Stage::new();
    let of = IntegrationId::make();
    let payload = format!(r#"{{"text":{{"body":"{}"}}}}"#, "x".repeat(400));
    stage
        .keep_with(&of, &format!("wamid.{}", "A".repeat(50)), 0, &payload)
        .await;
    let Units { write, .. } = stage.cloud.units();
    assert!((write - 2.0).abs() < f64::EPSILON, "{write}");
    assert_eq!(stage.cloud.count("PutItem"), 1);
    let item = &stage.cloud.items(ACTIVITY)[0];
    let until = RETENTION.as_secs().to_string();
    assert_eq!(item["expires_at_s"]["N"], until);
    // A repeat writes nothing to the index, and what came first stays where it stands.
    stage.cloud.reset_counts();
    let again = RawValue::from_string(payload).expect("JSON");
    let again = event(
        &of,
        &format!("wamid.{}", "A".repeat(50)),
        999,
        EventKind::Message,
        &again,
    );
    let kept = stage.events.keep(&stage.tenant, &again).await;
    assert!(!kept.expect("answered"));
    assert!((stage.cloud.units().write - 1.0).abs() < f64::EPSILON);
    let page = stage.page(&[&of], None, 10).await;
    assert_eq!(page.lines[0].received_at.millis(), 0);
}
