//! What the vault costs a warm dispatch: opening a WhatsApp credential and holding its version against the roster,
//! with the key at hand and the opening counted. No AWS call is in it.

use std::io::Write as _;
use std::sync::Arc;

use domain::opening::{OpenedBy, Reason};
use domain::seal::{Purpose, SealContext};
use domain::time::SystemClock;
use domain::{Credentials, IntegrationId, ProviderId, TenantId};
use nix::time::{ClockId, clock_gettime};
use secrecy::SecretString;
use store::audit::AuditTrail;
use store::key_rings::KeyRingsTable;
use store::openings::OpeningWindows;
use testing::cloud::Cloud;
use testing::switchboard as names;
use vault::{Opener, RingAssignment, RingKeys, Sealer};

use crate::Failure;

const ROUNDS: usize = 7;

/// Measures and prints, per operation, the median of several rounds in microseconds of CPU.
pub(crate) async fn measure(count: u64) -> Result<(), Failure> {
    let clock = Arc::new(SystemClock);
    let cloud = names::cloud(clock.clone());
    let sdk = cloud.sdk_config();
    let dynamodb = aws_sdk_dynamodb::Client::new(&sdk);
    let rows = KeyRingsTable::new(dynamodb.clone(), names::KEY_RINGS.into());
    let kms = aws_sdk_kms::Client::new(&sdk);
    let keys = RingKeys::on_aws(Purpose::Credentials, rows, kms, clock.clone());
    let rings = RingAssignment {
        shared_rings: 8,
        kms_key: Cloud::key_arn(names::CREDENTIALS_KEY),
    };
    let trail = AuditTrail::new(dynamodb, names::AUDIT.into(), clock.clone());
    let windows = Arc::new(OpeningWindows::new(trail, clock));
    let (sealer, opener) = (Sealer::new(keys.clone(), rings), Opener::new(keys, windows));
    #[expect(
        clippy::disallowed_methods,
        reason = "a tenant of a stand-in, made here"
    )]
    let tenant = TenantId::from_trusted_source("tenant-1")?;
    let (provider, integration) = (ProviderId::parse("whatsapp")?, IntegrationId::make());
    let place = SealContext {
        tenant: &tenant,
        provider: &provider,
        integration: &integration,
        purpose: Purpose::Credentials,
        record: "integration",
        revision: 1,
        origin: None,
    };
    // As long as Meta's system user tokens are.
    let credentials: Credentials = [
        ("access_token", format!("EAAG-bench-{:x<190}", "")),
        ("app_secret", "0123456789abcdef0123456789abcdef".to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name, SecretString::from(value)))
    .collect();
    let plaintext = credentials.to_plaintext();
    let sealed = sealer.seal(&place, plaintext.expose()).await?;
    let attested = sealer.attest(&tenant, "version", "1").await?;
    let by = OpenedBy {
        actor: "bench",
        reason: Reason::Send,
        request: "bench",
    };
    let (mut opens, mut checks) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let start = cpu()?;
        for _ in 0..count {
            opener.open_credentials(&place, &sealed, by).await?;
        }
        opens.push((cpu()? - start) / count as f64);
        let start = cpu()?;
        for _ in 0..count {
            opener.attested(&tenant, "version", &attested).await?;
        }
        checks.push((cpu()? - start) / count as f64);
    }
    for (what, figures) in [
        ("open a credential", &mut opens),
        ("check its version", &mut checks),
    ] {
        figures.sort_by(f64::total_cmp);
        let median = figures[ROUNDS / 2];
        writeln!(std::io::stdout(), "{what:24}{median:8.2} µs of CPU")?;
    }
    let calls: u64 = cloud.counts().values().sum();
    writeln!(std::io::stdout(), "{:24}{calls:8} in all", "AWS calls")?;
    Ok(())
}

/// CPU time of this process in microseconds.
fn cpu() -> Result<f64, Failure> {
    let time = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)?;
    Ok(time.tv_sec() as f64 * 1e6 + time.tv_nsec() as f64 / 1e3)
}
