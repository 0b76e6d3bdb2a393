//! New secrets, returns to those before, and refusals that come late, in every order: a refusal strikes the version
//! that was refused and no other, for no version is ever given twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::audit::AuditRecord;
use domain::integration::{Owner, Status};
use domain::seal::Sealed;
use domain::time::{Clock, SystemClock};
use domain::{Failure, FailureKind, Integration, IntegrationId, ProviderId, TenantId, UserId};
use futures_util::future::join_all;
use serde_json::Map;
use store::WriteError;
use store::audit::AuditTrail;
use store::changes::{IntegrationChanges, Previous};
use store::integrations::Integrations;
use store::notifications::Notification;
use store::previous::PreviousCredentials;
use store::verdicts::{Verdict, Verdicts};
use testing::cloud::Cloud;
use testing::switchboard as names;

/// Each takes 30 ms; two thousand were run once.
const RUNS: usize = 100;
const ACTORS: usize = 4;

/// One integration and all that is done to it.
struct Scene {
    integrations: Integrations,
    changes: IntegrationChanges,
    verdicts: Verdicts,
    trail: AuditTrail,
    _cloud: Cloud,
    id: IntegrationId,
    tenant: TenantId,
    /// The version that new secrets get.
    next: fn(&Integration) -> u64,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Every version that was given, in order.
    given: Vec<u64>,
    /// Versions that somebody found refused.
    refused: BTreeSet<u64>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is a trusted source of tenants"
)]
fn tenant() -> TenantId {
    TenantId::from_trusted_source("t_one").expect("a tenant")
}

fn seal(version: u64) -> Sealed {
    Sealed::from_bytes(format!("seal of {version}").into_bytes())
}

fn record(action: &'static str) -> AuditRecord {
    AuditRecord::new("u-1", SystemClock.now(), action)
}

fn why() -> Failure {
    Failure::new(
        FailureKind::CredentialsRejected,
        "Refused.",
        "Enter others.",
    )
}

/// Lets others go on, for a random number of turns.
async fn dawdle() {
    let [turns] = domain::random::bytes::<1>();
    for _ in 0..turns % 16 {
        tokio::task::yield_now().await;
    }
}

impl Scene {
    async fn new(next: fn(&Integration) -> u64) -> Self {
        let cloud = names::cloud(Arc::new(SystemClock));
        let client = aws_sdk_dynamodb::Client::new(&cloud.sdk_config());
        let trail = AuditTrail::new(client.clone(), names::AUDIT.into(), Arc::new(SystemClock));
        let integrations = Integrations::new(client, names::INTEGRATIONS.into());
        let routes = names::WEBHOOK_ROUTES.to_owned();
        let scene = Self {
            changes: IntegrationChanges::new(integrations.clone(), routes, trail.clone()),
            verdicts: Verdicts::new(integrations.clone(), trail.clone()),
            integrations,
            trail,
            _cloud: cloud,
            id: IntegrationId::make(),
            tenant: tenant(),
            next,
            seen: Mutex::default(),
        };
        let (first, added) = (scene.first(), record("integration.configure"));
        let saved = scene
            .changes
            .save(None, &first, Previous::Forget, None, &added)
            .await;
        saved.expect("saved");
        scene.seen().given.push(1);
        scene
    }

    fn first(&self) -> Integration {
        let (now, user) = (SystemClock.now(), UserId::parse("u-1").expect("a user"));
        Integration {
            id: self.id.clone(),
            tenant: self.tenant.clone(),
            owner: Owner::Tenant,
            provider: ProviderId::parse("whatsapp").expect("a type"),
            name: "WhatsApp".into(),
            settings: Map::new(),
            credentials: seal(1),
            credential_version: 1,
            latest_version: 1,
            version_attested: "1".into(),
            returns_until: None,
            masked: BTreeMap::new(),
            accounts: Vec::new(),
            enabled: true,
            status: Status::Connected,
            verified_at: None,
            last_error: None,
            facts: Map::new(),
            expires_at: None,
            priority: 100,
            revision: 1,
            webhook: None,
            created_at: now,
            created_by: user.clone(),
            updated_at: now,
            updated_by: user,
        }
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn now(&self) -> Integration {
        let found = self.integrations.find(&self.tenant, &self.id).await;
        found.expect("readable").expect("an integration")
    }

    /// Gives new secrets that the provider accepts, as the configuration API does.
    async fn rotate(&self) {
        let before = self.now().await;
        dawdle().await;
        let version = (self.next)(&before);
        let kept = before.status.may_send();
        let until = SystemClock.now().after(Duration::from_secs(3600));
        let after = Integration {
            credentials: seal(version),
            credential_version: version,
            latest_version: version.max(before.latest_version),
            version_attested: version.to_string(),
            returns_until: kept.then_some(until),
            status: Status::Connected,
            last_error: None,
            revision: before.revision + 1,
            ..before.clone()
        };
        let previous = PreviousCredentials::of(&before);
        let previous = if kept {
            Previous::Keep(&previous, until)
        } else {
            Previous::Forget
        };
        let record = record("integration.configure");
        let saved = self
            .changes
            .save(Some(&before), &after, previous, None, &record);
        match saved.await {
            Ok(()) => self.seen().given.push(version),
            Err(WriteError::Conflict) => {}
            Err(error) => panic!("{error}"),
        }
    }

    /// Uses the secrets of now, and after a while finds them refused: goes back if there is something to go back to
    /// and `returns` says so, else switches off.
    async fn refuse(&self, returns: bool) {
        let used = self.now().await;
        dawdle().await;
        dawdle().await;
        self.seen().refused.insert(used.credential_version);
        let at = SystemClock.now();
        let previous = match used.returns_until.filter(|_| returns) {
            Some(_) => self.integrations.find_previous(&used).await,
            None => Ok(None),
        };
        if let Some(previous) = previous.expect("readable") {
            dawdle().await;
            let told = Notification::credentials_returned(&used, &why(), at);
            let record = record("credentials.return");
            let gone = self.verdicts.go_back(&used, &previous, at, &told, &record);
            gone.await.expect("written");
            return;
        }
        let verdict = Verdict {
            status: Status::Invalid,
            failure: Some(why()),
            at,
        };
        let told = Notification::integration_invalid(&used, &why(), at);
        let record = record("integration.disable");
        let judged = self.verdicts.record(&used, &verdict, Some(&told), &record);
        judged.await.expect("written");
    }

    /// Everybody at work at once; what was found to be wrong in the end.
    async fn play(&self) -> Result<(), String> {
        let actors = (0..ACTORS).map(|_| async {
            for _ in 0..2 {
                dawdle().await;
                let [dice] = domain::random::bytes::<1>();
                match dice % 4 {
                    0 | 1 => self.rotate().await,
                    2 => self.refuse(true).await,
                    _ => self.refuse(false).await,
                }
            }
        });
        join_all(actors).await;
        let verified = self.trail.verify(&self.tenant, |_| {}).await;
        verified.map_err(|error| error.to_string())?;
        self.check().await
    }

    async fn check(&self) -> Result<(), String> {
        let now = self.now().await;
        let seen = self.seen();
        let version = now.credential_version;
        let distinct: BTreeSet<u64> = seen.given.iter().copied().collect();
        if distinct.len() != seen.given.len() {
            return Err(format!("versions were given twice: {:?}", seen.given));
        }
        if now.status != Status::Connected && !seen.refused.contains(&version) {
            return Err(format!(
                "{version} is {:?} and nobody refused it",
                now.status
            ));
        }
        if now.credentials != seal(version) || now.version_attested != version.to_string() {
            return Err(format!("the record of {version} is not of one piece"));
        }
        let last = distinct.last().copied().unwrap_or_default();
        if now.latest_version != last {
            return Err(format!(
                "{last} was given, and {} is on record",
                now.latest_version
            ));
        }
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn h2_a_late_refusal_never_strikes_another_version_than_its_own() {
    let mut returned = 0;
    for run in 0..RUNS {
        let scene = Scene::new(|before| before.latest_version + 1).await;
        scene
            .play()
            .await
            .unwrap_or_else(|wrong| panic!("run {run}: {wrong}"));
        let now = scene.now().await;
        returned += usize::from(now.credential_version < now.latest_version);
    }
    assert!(returned > 0, "no run ended with a return");
}

#[tokio::test(start_paused = true)]
async fn h2_control_versions_that_are_counted_from_the_present_one_come_twice() {
    for _ in 0..10 * RUNS {
        let scene = Scene::new(|before| before.credential_version + 1).await;
        if scene.play().await.is_err() {
            return;
        }
    }
    panic!("the check notices nothing");
}

/// The very story: the second secrets fail and give way to the first, the third are entered, and only then somebody
/// hears that the second were refused.
async fn story(next: fn(&Integration) -> u64) -> Integration {
    let scene = Scene::new(next).await;
    scene.rotate().await;
    let late = scene.now().await;
    scene.refuse(true).await;
    assert_eq!(scene.now().await.credential_version, 1);
    scene.rotate().await;
    let verdict = Verdict {
        status: Status::Invalid,
        failure: Some(why()),
        at: SystemClock.now(),
    };
    let told = Notification::integration_invalid(&late, &why(), verdict.at);
    let record = record("integration.disable");
    let judged = scene.verdicts.record(&late, &verdict, Some(&told), &record);
    judged.await.expect("answered");
    scene.now().await
}

#[tokio::test(start_paused = true)]
async fn h2_a_refusal_of_the_failed_secrets_that_comes_last_does_not_strike_the_newest() {
    let newest = story(|before| before.latest_version + 1).await;
    assert_eq!(
        (newest.credential_version, newest.status),
        (3, Status::Connected)
    );
}

#[tokio::test(start_paused = true)]
async fn h2_control_with_the_failed_secrets_version_given_again_it_does() {
    let newest = story(|before| before.credential_version + 1).await;
    assert_eq!(
        (newest.credential_version, newest.status),
        (2, Status::Invalid)
    );
}
