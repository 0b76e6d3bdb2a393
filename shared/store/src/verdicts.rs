//! What is found out about a stored credential, and what follows: the integration's new state, or its return to the
//! credentials it had before. Told once: only the write that changes the state may tell the tenant.

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use domain::audit::AuditRecord;
use domain::failure::{Failure, StoreError};
use domain::integration::{Integration, Status};
use domain::time::Timestamp;

use crate::audit::AuditTrail;
use crate::integrations::{self, Integrations};
use crate::item::{binary, json, number, text, time};
use crate::keys::{self, PK, SEAL, SK};
use crate::notifications::Notification;
use crate::previous::PreviousCredentials;
use crate::recorded::{Recorded, Refused};

/// What a test of a stored credential found.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The state that follows.
    pub status: Status,
    /// Why it does not work.
    pub failure: Option<Failure>,
    /// When it was tested.
    pub at: Timestamp,
}

/// Writes verdicts.
#[derive(Clone)]
pub struct Verdicts {
    integrations: Integrations,
    recorded: Recorded,
}

impl Verdicts {
    /// Writes to the table and to the trail.
    pub fn new(integrations: Integrations, trail: AuditTrail) -> Self {
        let recorded = Recorded::new(integrations.client.clone(), trail);
        Self {
            integrations,
            recorded,
        }
    }

    /// Records what a test of the stored credential found; `false` if there is nothing to record: the credential was
    /// replaced meanwhile, or its state is known already and `notification` was given, which is told once.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer.
    pub async fn record(
        &self,
        tested: &Integration,
        verdict: &Verdict,
        notification: Option<&Notification>,
        record: &AuditRecord,
    ) -> Result<bool, StoreError> {
        let told = |stored: &Integration| notification.is_some() && stored.status == verdict.status;
        self.write_over(tested, notification, record, |current| {
            (!told(current)).then(|| judged(current, verdict))
        })
        .await
    }

    /// Goes back to the credentials that an integration had before, which were found to work; `false` if those that
    /// failed were replaced meanwhile.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer.
    pub async fn go_back(
        &self,
        failed: &Integration,
        previous: &PreviousCredentials,
        at: Timestamp,
        notification: &Notification,
        record: &AuditRecord,
    ) -> Result<bool, StoreError> {
        self.write_over(failed, Some(notification), record, |current| {
            current.returns_until.map(|_| Integration {
                status: Status::Connected,
                verified_at: Some(at),
                last_error: None,
                updated_at: at,
                ..previous.restored(current)
            })
        })
        .await
    }

    /// Writes what `change` makes of the integration over exactly the revision that it was made from, as long as it
    /// has the credentials that were tested.
    async fn write_over(
        &self,
        tested: &Integration,
        notification: Option<&Notification>,
        record: &AuditRecord,
        change: impl Fn(&Integration) -> Option<Integration>,
    ) -> Result<bool, StoreError> {
        const TRIES: usize = 5;
        let mut current = tested.clone();
        for _ in 0..TRIES {
            let Some(after) = change(&current) else {
                return Ok(false);
            };
            let mut writes = vec![
                self.update(&current, &after)?,
                integrations::updated(self.integrations.enrolment(Some(&current), &after))?,
            ];
            if let Some(notification) = notification {
                writes.push(notification.put(&self.integrations.table)?);
            }
            match self.recorded.write(&tested.tenant, record, writes).await {
                Ok(()) => return Ok(true),
                Err(Refused::Condition(_)) => {}
                Err(Refused::Store(error)) => return Err(error),
            }
            let key = (tested.tenant.clone(), tested.id.clone());
            let stored = self.integrations.find_many(&[key]).await?;
            match stored.into_iter().next() {
                Some(stored) if stored.credential_version == tested.credential_version => {
                    current = stored;
                }
                _ => return Ok(false),
            }
        }
        Err(StoreError::Unavailable(
            "the record, which changes all the time,",
            None,
        ))
    }

    fn update(
        &self,
        current: &Integration,
        after: &Integration,
    ) -> Result<TransactWriteItem, StoreError> {
        let mut set = vec![
            ("status", text(after.status.name())),
            ("updated_at", time(after.updated_at)),
            ("last_error", json(&after.last_error)),
        ];
        set.extend(after.verified_at.map(|at| ("verified_at", time(at))));
        let mut remove = Vec::new();
        if after.credential_version != current.credential_version {
            set.extend([
                ("credentials", binary(after.credentials.as_bytes())),
                ("credential_version", number(after.credential_version)),
                ("version_attested", text(&after.version_attested)),
                ("settings", json(&after.settings)),
                ("masked", json(&after.masked)),
                ("facts", json(&after.facts)),
            ]);
            set.extend(keys::seal(&after.credentials).map(|seal| (SEAL, text(seal))));
            match after.expires_at {
                Some(at) => set.push(("expires_at", time(at))),
                None => remove.push("expires_at"),
            }
            remove.push("returns_until");
        }
        let mut update = Update::builder()
            .table_name(&self.integrations.table)
            .key(PK, text(current.tenant.as_str()))
            .key(SK, text(keys::integration(&current.id)))
            .condition_expression("revision = :read")
            .expression_attribute_values(":read", number(current.revision))
            .expression_attribute_values(":one", number(1));
        let mut expression = "SET revision = revision + :one".to_owned();
        for (name, value) in set {
            expression.push_str(&format!(", #{name} = :{name}"));
            update = update
                .expression_attribute_names(format!("#{name}"), name)
                .expression_attribute_values(format!(":{name}"), value);
        }
        if !remove.is_empty() {
            expression.push_str(" REMOVE ");
            expression.push_str(&remove.join(", "));
        }
        let update = update
            .update_expression(expression)
            .build()
            .map_err(|_| StoreError::Malformed("integration"))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

fn judged(current: &Integration, verdict: &Verdict) -> Integration {
    let connected = verdict.status == Status::Connected;
    Integration {
        status: verdict.status,
        verified_at: if connected {
            Some(verdict.at)
        } else {
            current.verified_at
        },
        last_error: verdict.failure.clone(),
        updated_at: verdict.at,
        ..current.clone()
    }
}
