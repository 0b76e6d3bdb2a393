//! Holds every test to the audit trail: whatever it did, each tenant's chain is whole. A stage calls it when it is
//! dropped.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::TenantId;
use domain::time::SystemClock;
use store::audit::AuditTrail;
use testing::cloud::Cloud;
use testing::switchboard as names;

/// # Panics
/// If a tenant's chain is not whole, or does not end in the last record that is kept.
pub(crate) fn hold(cloud: &Cloud) {
    cloud.faults().clear();
    let mut kept: BTreeMap<String, u64> = BTreeMap::new();
    for item in cloud.items(names::AUDIT) {
        let tenant = item["pk"]["S"].as_str().expect("a tenant").to_owned();
        *kept.entry(tenant).or_default() += 1;
    }
    if kept.is_empty() {
        return;
    }
    let client = aws_sdk_dynamodb::Client::new(&cloud.sdk_config());
    let trail = AuditTrail::new(client, names::AUDIT.into(), Arc::new(SystemClock));
    // A test's own runtime cannot wait while a stage is dropped in it.
    let verified = std::thread::scope(|scope| {
        let verifying = scope.spawn(|| {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_time().build().expect("a runtime");
            runtime.block_on(verify(&trail, &kept));
        });
        verifying.join()
    });
    if let Err(panic) = verified {
        std::panic::resume_unwind(panic);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is a trusted source of tenants"
)]
async fn verify(trail: &AuditTrail, kept: &BTreeMap<String, u64>) {
    for (tenant, count) in kept {
        let tenant = TenantId::from_trusted_source(tenant).expect("a tenant");
        let head = trail.verify(&tenant, |_| {}).await;
        let head = head.unwrap_or_else(|error| panic!("the trail of {tenant}: {error}"));
        assert_eq!(head.number, *count, "the trail of {tenant}");
    }
}
