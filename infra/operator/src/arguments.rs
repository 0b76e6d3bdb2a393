//! The command line on one screen.

use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use domain::seal::Purpose;

use crate::names::{Chain, Fragment, KmsKey, NotedHead, RingName, Tenant};

const ENVIRONMENT: &str = "\
The environment says which stack is meant; it is that of the functions:
  INTEGRATIONS_TABLE WEBHOOK_ROUTES_TABLE ACTIVITY_TABLE KEY_RINGS_TABLE AUDIT_TABLE
  MESSAGES_QUEUE_URL MESSAGES_DLQ_URL INBOUND_QUEUE_URL INBOUND_DLQ_URL
  CREDENTIALS_KEY_ID WEBHOOK_SECRETS_KEY_ID RING_COUNT PROVIDER_OVERRIDES
  AWS_REGION AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_ENDPOINT_URL
`make operate ARGS=\"…\"` fills it in.

The result goes to standard output, progress to standard error. The exit code is 0 only if all was done.
Everything may be broken off at any time and run again.";

const USABLE: &str = "\
A KMS key of the tenant's own must be usable by the functions, or the tenant is cut off: its key policy has to let
  OperatorRole                                          kms:GenerateDataKey, kms:Decrypt, kms:ReEncryptFrom, kms:ReEncryptTo
  ConfigApiRole                                         kms:GenerateDataKey, kms:Decrypt
  ConnectionTestRole, MessageDispatchRole               kms:Decrypt with the key of credentials
  WebhookIngressRole                                    kms:Decrypt with the key of webhook secrets, and with no other
What of this concerns the operator is tried before anything is changed; the rest is yours to see to.";

/// Keeps a Switchboard's rings of keys, tenants, dead letters and audit trails.
#[derive(Debug, Parser)]
#[command(name = "operator", version, after_help = ENVIRONMENT)]
pub struct Arguments {
    /// Print the result as JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// Who you are, for the audit trail [default: $USER].
    #[arg(long = "as", global = true, value_name = "NAME")]
    pub name: Option<String>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Rings of keys: what there is, new versions, other KMS keys.
    #[command(subcommand)]
    Rings(Rings),
    /// One tenant: a ring of its own, or its end.
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// Dead letters: what was set aside, and putting it back.
    #[command(subcommand)]
    DeadLetters(DeadLetters),
    /// Audit trails.
    #[command(subcommand)]
    Audit(Audit),
}

/// What can be done with rings.
#[derive(Debug, Subcommand)]
pub enum Rings {
    /// Shows every version of every ring, and how many records it holds.
    List {
        /// A further KMS key to look for rings under, such as a tenant's own; may be given several times.
        #[arg(long = "kms-key", value_name = "ARN")]
        kms_keys: Vec<KmsKey>,
        /// Also the rings of this tenant's own.
        #[arg(long)]
        tenant: Option<Tenant>,
    },
    /// Adds a version: it seals from now on, the older ones still open.
    Rotate {
        /// This ring.
        #[arg(required_unless_present = "all")]
        ring: Option<RingName>,
        /// All rings that seal, but those that got a version within the last hour.
        #[arg(long, conflicts_with = "ring")]
        all: bool,
        /// Of all rings those of one purpose.
        #[arg(long, requires = "all", conflicts_with = "ring")]
        purpose: Option<PurposeName>,
        /// The KMS key of the new version [default: that of the version before].
        #[arg(long, value_name = "ARN")]
        kms_key: Option<KmsKey>,
    },
    /// Moves what an old version holds under what seals now.
    Reseal {
        /// This ring.
        #[arg(required_unless_present = "all_old", requires = "version")]
        ring: Option<RingName>,
        /// This version of it.
        version: Option<u32>,
        /// All versions of all rings that do not seal any more.
        #[arg(long, conflicts_with = "ring")]
        all_old: bool,
        /// How it is made sure that nothing is left.
        #[command(flatten)]
        looks: Looks,
    },
    /// Wraps all ring keys under a KMS key anew under another; nobody sees them plain.
    Rewrap {
        /// The KMS key that they are under.
        #[arg(long, value_name = "ARN")]
        from: KmsKey,
        /// The KMS key that they are to be under.
        #[arg(long, value_name = "ARN")]
        to: KmsKey,
        /// How it is made sure that nothing is left.
        #[command(flatten)]
        looks: Looks,
    },
}

/// What can be done with a tenant.
#[derive(Debug, Subcommand)]
pub enum TenantCommand {
    /// Gives a tenant rings of its own and moves its records there.
    #[command(after_help = USABLE)]
    OwnRing {
        /// This tenant.
        tenant: Tenant,
        /// KMS key of its credentials' ring [default: the stack's].
        #[arg(long, value_name = "ARN")]
        kms_key: Option<KmsKey>,
        /// KMS key of its webhook secrets' ring [default: the stack's].
        #[arg(long, value_name = "ARN")]
        webhook_kms_key: Option<KmsKey>,
        /// How it is made sure that nothing is left.
        #[command(flatten)]
        looks: Looks,
    },
    /// Moves a tenant's records back to the rings that tenants share.
    SharedRing {
        /// This tenant.
        tenant: Tenant,
        /// How it is made sure that nothing is left.
        #[command(flatten)]
        looks: Looks,
    },
    /// Removes a tenant: integrations, credentials, webhooks, messages, rings of its own. For good.
    Remove {
        /// This tenant.
        tenant: Tenant,
        /// The tenant once more.
        #[arg(long, value_name = "TENANT")]
        confirm: Tenant,
        /// How long functions may still remember the tenant.
        #[arg(long, value_name = "SECONDS", default_value_t = custody::removal::FORGOTTEN_AFTER.as_secs())]
        settle: u64,
    },
}

/// What can be done with dead letters.
#[derive(Debug, Subcommand)]
pub enum DeadLetters {
    /// Shows whose they are and why they were set aside, never what they say. While it looks they are hidden.
    List {
        /// The queue that they were on.
        #[arg(long, default_value = "messages")]
        queue: QueueName,
        /// Most that are shown.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// Puts them back on their queue. What was sent is not sent again.
    Redrive {
        /// The queue that they were on.
        #[arg(long, default_value = "messages")]
        queue: QueueName,
        /// Most that are put back.
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
        /// Which of them.
        #[command(flatten)]
        wanted: Wanted,
        /// Only tell how many would be put back, and how many not.
        #[arg(long)]
        dry_run: bool,
    },
}

/// Which dead letters are meant.
#[derive(Debug, Clone, clap::Args)]
pub struct Wanted {
    /// Only those of this tenant.
    #[arg(long)]
    pub tenant: Option<Tenant>,
    /// Only those whose reason has this in it.
    #[arg(long, value_name = "TEXT")]
    pub reason_contains: Option<Fragment>,
    /// Also what could not be read, once the function that is to read it was mended.
    #[arg(long)]
    pub unreadable: bool,
}

/// A queue that has dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum QueueName {
    /// Messages to send.
    Messages,
    /// What providers told.
    Inbound,
}

impl QueueName {
    /// As it is typed and told.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Inbound => "inbound",
        }
    }
}

/// What can be done with audit trails.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Walks along a chain and finds the first record that was edited, dropped or moved.
    Verify {
        /// A tenant, or `switchboard:platform` for what was done to rings.
        #[arg(value_name = "TENANT")]
        chain: Chain,
        /// The head that was printed before: also finds a chain that was cut off, or that is another.
        #[arg(long, value_name = "NUMBER:HASH")]
        head: Option<NotedHead>,
    },
}

/// How it is made sure that nothing is left.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Looks {
    /// Pause between the three last looks at an index. A change that began before may be written within half a minute.
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    pause: u64,
}

impl Looks {
    /// The pause.
    pub(crate) fn pause(self) -> Duration {
        Duration::from_secs(self.pause)
    }
}

/// A purpose by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PurposeName {
    /// What is presented to providers.
    Credentials,
    /// What proves that a webhook is genuine.
    WebhookSecrets,
}

impl From<PurposeName> for Purpose {
    fn from(name: PurposeName) -> Self {
        match name {
            PurposeName::Credentials => Self::Credentials,
            PurposeName::WebhookSecrets => Self::WebhookSecrets,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Arguments, String> {
        Arguments::try_parse_from(line.split_whitespace()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn what_is_meant_must_be_said() {
        for line in [
            "operator rings rotate",
            "operator rings rotate credentials/shared-0 --all",
            "operator rings rotate credentials/shared-0 --purpose credentials",
            "operator rings reseal",
            "operator rings reseal credentials/shared-0",
            "operator rings reseal credentials/shared-0 1 --all-old",
            "operator tenant remove t_one",
            "operator tenant own-ring switchboard:platform",
            "operator dead-letters redrive --limit 0",
            "operator dead-letters redrive --limit 100001",
            "operator dead-letters redrive --queue calls",
            "operator dead-letters redrive --tenant switchboard:platform",
            "operator dead-letters list --limit 10001",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
        for line in [
            "operator rings rotate credentials/shared-0 --json",
            "operator rings rotate --all --purpose credentials",
            "operator rings reseal credentials/shared-0 1",
            "operator rings reseal --all-old --as somebody",
            "operator tenant remove t_one --confirm t_one",
            "operator audit verify switchboard:platform",
            "operator dead-letters list --queue inbound",
            "operator dead-letters redrive --tenant t_one --reason-contains Tried --unreadable --dry-run",
        ] {
            assert!(parse(line).is_ok(), "{line}: {:?}", parse(line).err());
        }
    }
}
