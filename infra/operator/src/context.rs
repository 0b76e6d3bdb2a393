//! What the commands work on: the stack's tables, queues and keys.

use std::sync::Arc;

use aws_types::SdkConfig;
use custody::Custody;
use custody::removal::Removal;
use custody::resealing::Resealing;
use domain::Clock;
use domain::seal::Purpose;
use domain::time::SystemClock;
use edge::StartError;
use edge::aws::AwsEnv;
use edge::queue::Queue;
use providers::http::{Egress, Reach};
use store::audit::AuditTrail;
use store::changes::IntegrationChanges;
use store::integrations::Integrations;
use store::key_rings::KeyRingsTable;
use store::sealed_records::SealedRecords;
use store::tenants::Tenants;
use store::verdicts::Verdicts;
use vault::{AwsKms, KeyService, Opener, RingAssignment, RingKeeper, RingKeys, Sealer};

use crate::arguments::QueueName;
use crate::config::Config;
use crate::dead_letters::Pile;
use crate::names::PURPOSES;

/// A stack, as an operator reaches it.
pub struct Context {
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rows: KeyRingsTable,
    pub(crate) records: SealedRecords,
    pub(crate) integrations: Integrations,
    pub(crate) trail: AuditTrail,
    dynamodb: aws_sdk_dynamodb::Client,
    kms: aws_sdk_kms::Client,
    sqs: aws_sdk_sqs::Client,
    http: Egress,
}

impl Context {
    /// Sets up clients; nothing is called yet.
    ///
    /// # Errors
    /// If a client cannot be set up.
    pub fn new(config: Config, aws: &AwsEnv) -> Result<Self, StartError> {
        let sdk = aws.config()?;
        // Addresses were held against our own hosts when they were saved; no others are called here.
        let http = Egress::new(Reach {
            extra_roots: aws.extra_roots(),
            ..Reach::new(&config.overrides)
        })?;
        Ok(Self::with(config, &sdk, http, Arc::new(SystemClock)))
    }

    /// As [`Context::new`], with clients and a clock from outside.
    pub fn with(config: Config, sdk: &SdkConfig, http: Egress, clock: Arc<dyn Clock>) -> Self {
        let dynamodb = aws_sdk_dynamodb::Client::new(sdk);
        let tables = (
            config.integrations_table.clone(),
            config.webhook_routes_table.clone(),
        );
        Self {
            rows: KeyRingsTable::new(dynamodb.clone(), config.key_rings_table.clone()),
            records: SealedRecords::new(dynamodb.clone(), tables.0.clone(), tables.1),
            integrations: Integrations::new(dynamodb.clone(), tables.0),
            trail: AuditTrail::new(dynamodb.clone(), config.audit_table.clone(), clock.clone()),
            kms: aws_sdk_kms::Client::new(sdk),
            sqs: aws_sdk_sqs::Client::new(sdk),
            dynamodb,
            http,
            clock,
            config,
        }
    }

    /// KMS.
    pub(crate) fn key_service(&self) -> impl KeyService + use<> {
        AwsKms(self.kms.clone())
    }

    /// The keeper of a purpose's rings.
    pub(crate) fn keeper(&self, purpose: Purpose) -> RingKeeper {
        let service = Arc::new(self.key_service());
        let rows = Arc::new(self.rows.clone());
        RingKeeper::new(purpose, rows, service, self.clock.clone())
    }

    /// Which ring is whose, for a purpose.
    pub(crate) fn assignment(&self, purpose: Purpose) -> RingAssignment {
        RingAssignment {
            shared_rings: self.config.shared_rings,
            kms_key: self.config.kms_key(purpose).to_owned(),
        }
    }

    /// A queue, to put something back on it.
    pub(crate) fn source(&self, queue: QueueName) -> Queue {
        Queue::new(self.sqs.clone(), self.config.queue(queue).to_owned())
    }

    /// What was set aside of a queue.
    pub(crate) fn dead_letters(&self, queue: QueueName) -> Pile<'_> {
        Pile {
            client: &self.sqs,
            url: self.config.dead_letters(queue),
            queue,
        }
    }

    /// The names of all rings that tenants share, of both purposes.
    pub(crate) fn shared_rings(&self) -> impl Iterator<Item = String> {
        let count = self.config.shared_rings;
        PURPOSES.into_iter().flat_map(move |purpose| {
            (0..count).map(move |number| format!("{}/shared-{number}", purpose.name()))
        })
    }

    /// Seals records anew.
    pub(crate) fn resealing(&self) -> Resealing {
        let [credentials, webhook_secrets] = PURPOSES.map(|purpose| {
            let keys = self.keys(purpose);
            let opener = Opener::new(keys.clone(), Arc::new(self.trail.clone()));
            (opener, Sealer::new(keys, self.assignment(purpose)))
        });
        Resealing::new(self.records.clone(), credentials, webhook_secrets)
    }

    /// Removes tenants.
    pub(crate) fn removal(&self) -> Removal {
        let (integrations, trail) = (self.integrations.clone(), self.trail.clone());
        let keys = self.keys(Purpose::Credentials);
        let custody = Custody::new(
            integrations.clone(),
            Verdicts::new(integrations.clone(), trail.clone()),
            Opener::new(keys, Arc::new(trail.clone())),
            (self.http.clone(), self.config.overrides.clone()),
            self.clock.clone(),
        );
        let routes_table = self.config.webhook_routes_table.clone();
        Removal {
            custody,
            changes: IntegrationChanges::new(integrations.clone(), routes_table, trail.clone()),
            tenants: Tenants::new(
                self.dynamodb.clone(),
                self.config.integrations_table.clone(),
                self.config.activity_table.clone(),
                trail.clone(),
            ),
            integrations,
            records: self.records.clone(),
            rings: Box::new(self.rows.clone()),
            shared_rings: self.shared_rings().collect(),
            trail,
            clock: self.clock.clone(),
        }
    }

    fn keys(&self, purpose: Purpose) -> Arc<RingKeys> {
        RingKeys::on_aws(
            purpose,
            self.rows.clone(),
            self.kms.clone(),
            self.clock.clone(),
        )
    }
}
