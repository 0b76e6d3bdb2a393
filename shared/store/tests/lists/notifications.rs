//! Notifications: each reaches those whose integration it is about, and nobody else.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::audit::AuditRecord;
use domain::failure::FailureKind;
use domain::integration::{Integration, Owner, Status};
use domain::seal::Sealed;
use domain::{Clock, Failure, IntegrationId, ProviderId, TenantId, UserId};
use serde_json::Map;
use store::audit::AuditTrail;
use store::integrations::Integrations;
use store::notifications::{KeptNotification, Notices, Notification, RETENTION};
use store::page::Page;
use testing::clock::ManualClock;
use testing::cloud::{Calls, Cloud, Fault};
use testing::switchboard::{AUDIT, INTEGRATIONS};

use crate::tenant;

struct Stage {
    cloud: Cloud,
    clock: Arc<ManualClock>,
    notices: Notices,
    tenant: TenantId,
}

impl Stage {
    fn new() -> Self {
        let (cloud, client, clock) = crate::cloud();
        let integrations = Integrations::new(client.clone(), INTEGRATIONS.into());
        let trail = AuditTrail::new(client, AUDIT.into(), clock.clone());
        Self {
            notices: Notices::new(integrations, trail),
            cloud,
            clock,
            tenant: tenant("t_one"),
        }
    }

    fn integration(&self, owner: &Owner) -> Integration {
        let user = user("u-admin");
        let now = self.clock.now();
        Integration {
            id: IntegrationId::make(),
            tenant: self.tenant.clone(),
            owner: owner.clone(),
            provider: ProviderId::parse("whatsapp").expect("a type"),
            name: "Support".into(),
            settings: Map::new(),
            credentials: Sealed::from_bytes(Vec::new()),
            credential_version: 1,
            latest_version: 1,
            version_attested: String::new(),
            returns_until: None,
            masked: [].into(),
            accounts: Vec::new(),
            enabled: true,
            status: Status::Connected,
            verified_at: None,
            last_error: None,
            facts: Map::new(),
            expires_at: None,
            priority: 0,
            revision: 1,
            webhook: None,
            created_at: now,
            created_by: user.clone(),
            updated_at: now,
            updated_by: user,
        }
    }

    async fn tell(&self, notification: &Notification) {
        let record = AuditRecord::new("u-admin", self.clock.now(), "credentials.reveal");
        let told = self.notices.tell(notification, &record).await;
        told.expect("kept");
    }

    /// Tells an owner of so many revelations.
    async fn reveal(&self, owner: &Owner, times: usize) {
        let integration = self.integration(owner);
        for _ in 0..times {
            let at = self.clock.now();
            let by = user("u-admin");
            let told = Notification::credentials_revealed(&integration, &by, "a move", at);
            self.tell(&told).await;
        }
    }

    async fn page(
        &self,
        owners: &[Owner],
        after: Option<&str>,
        limit: usize,
    ) -> Page<KeptNotification> {
        let page = self.notices.list(&self.tenant, owners, after, limit).await;
        page.expect("readable")
    }

    /// All pages, one after another.
    async fn pages(&self, owners: &[Owner], limit: usize) -> Vec<Page<KeptNotification>> {
        let mut pages = vec![self.page(owners, None, limit).await];
        while let Some(next) = pages.last().and_then(|page| page.next.clone()) {
            pages.push(self.page(owners, Some(&next), limit).await);
            assert!(pages.len() < 300, "it does not end");
        }
        pages
    }
}

fn user(name: &str) -> UserId {
    UserId::parse(name).expect("a user")
}

fn own(name: &str) -> Owner {
    Owner::User(user(name))
}

fn ids(pages: &[Page<KeptNotification>]) -> Vec<String> {
    let lines = pages.iter().flat_map(|page| &page.lines);
    lines.map(|kept| kept.id.clone()).collect()
}

#[tokio::test]
async fn each_kind_comes_back_to_whose_integration_it_is_about_and_to_nobody_else() {
    let why = Failure {
        kind: FailureKind::CredentialsRejected,
        provider_code: Some("190".into()),
        detail: "The token has ended.".into(),
        hint: "Enter a new one.".into(),
        retry_after: None,
    };
    for owner in [Owner::Tenant, own("u-1")] {
        let stage = Stage::new();
        let integration = stage.integration(&owner);
        let by = user("u-2");
        for number in 0..3 {
            stage.clock.advance(Duration::from_secs(1));
            let at = stage.clock.now();
            let told = match number {
                0 => Notification::integration_invalid(&integration, &why, at),
                1 => Notification::credentials_returned(&integration, &why, at),
                _ => Notification::credentials_revealed(&integration, &by, "a move", at),
            };
            stage.tell(&told).await;
            let page = stage.page(std::slice::from_ref(&owner), None, 1).await;
            let kept = &page.lines[0];
            assert!(kept.id.starts_with("ntf_") && kept.id.len() == 20);
            let read = &kept.notification;
            assert_eq!((&read.code, &read.owner), (&told.code, &owner));
            assert_eq!((&read.detail, &read.hint), (&told.detail, &told.hint));
            assert_eq!((&read.integration, read.at), (&integration.id, at));
        }
        for other in [Owner::Tenant, own("u-1"), own("u-2"), own("u")] {
            let seen = stage.page(std::slice::from_ref(&other), None, 9).await;
            let expected = if other == owner { 3 } else { 0 };
            assert_eq!(seen.lines.len(), expected, "{other:?} of {owner:?}");
        }
        let foreign = stage
            .notices
            .list(&tenant("t_two"), &[owner], None, 9)
            .await;
        assert!(foreign.expect("readable").lines.is_empty());
    }
}

#[tokio::test]
async fn a_user_who_is_called_like_a_time_is_told_of_their_own_alone() {
    let stage = Stage::new();
    let time = own(&stage.clock.now().to_string());
    stage.reveal(&Owner::Tenant, 1).await;
    stage.reveal(&time, 2).await;
    assert_eq!(stage.page(&[time], None, 9).await.lines.len(), 2);
    assert_eq!(stage.page(&[Owner::Tenant], None, 9).await.lines.len(), 1);
}

#[tokio::test]
async fn pages_are_the_whole_list_once_and_those_of_others_cost_nothing() {
    let stage = Stage::new();
    for _ in 0..7 {
        stage.reveal(&own("u-1"), 1).await;
        stage.reveal(&Owner::Tenant, 9).await;
        stage.reveal(&own("u-10"), 4).await;
        stage.clock.advance(Duration::from_millis(1));
    }
    for (owners, count) in [
        (vec![own("u-1")], 7),
        (vec![own("u-1"), Owner::Tenant], 70),
        (vec![own("u-10"), Owner::Tenant], 91),
        (vec![own("u-2")], 0),
    ] {
        let whole = stage.page(&owners, None, 100).await;
        assert_eq!(whole.next, None);
        let times: Vec<_> = whole.lines.iter().map(|one| one.notification.at).collect();
        assert!(times.is_sorted_by(|one, next| one >= next), "{times:?}");
        let whole = ids(&[whole]);
        assert_eq!(whole.iter().collect::<BTreeSet<_>>().len(), count);
        for limit in [1, 2, 9, 30, count.max(1), 100] {
            stage.cloud.reset_counts();
            let pages = stage.pages(&owners, limit).await;
            assert_eq!(ids(&pages), whole, "by {limit}");
            assert_eq!(pages.len(), count.div_ceil(limit).max(1), "by {limit}");
            let queries = pages.len() * owners.len();
            assert_eq!(stage.cloud.count("Query"), queries as u64);
        }
    }
}

#[tokio::test]
async fn they_are_kept_for_ninety_days() {
    let stage = Stage::new();
    stage.reveal(&Owner::Tenant, 1).await;
    let until = stage.clock.now().after(RETENTION).seconds();
    let item = &stage.cloud.items(INTEGRATIONS)[0];
    assert_eq!(item["expires_at_s"]["N"], until.to_string());
    assert_eq!(RETENTION.as_secs(), 90 * 24 * 3600);
}

#[tokio::test]
async fn a_notification_and_its_record_are_kept_together_or_not_at_all() {
    let stage = Stage::new();
    let at = stage.clock.now();
    let integration = stage.integration(&Owner::Tenant);
    let told = Notification::credentials_revealed(&integration, &user("u-1"), "a move", at);
    let record = AuditRecord::new("u-1", at, "credentials.reveal");
    let calls = Calls::of("TransactWriteItems").always();
    stage.cloud.faults().fail(calls, Fault::AccessDenied);
    assert!(stage.notices.tell(&told, &record).await.is_err());
    let kept = |stage: &Stage| [INTEGRATIONS, AUDIT].map(|table| stage.cloud.items(table).len());
    assert_eq!(kept(&stage), [0, 0]);
    stage.cloud.faults().clear();
    stage.tell(&told).await;
    assert_eq!(kept(&stage), [1, 1]);
}
