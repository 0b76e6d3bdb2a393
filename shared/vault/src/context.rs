//! The canonical form of a record's place: injective, so that no two places share one.

use domain::seal::SealContext;

/// Per field a four-byte big-endian length and the bytes, in this order: tenant, provider, integration, purpose,
/// record kind, revision (eight bytes, big-endian), and the origin, whose absence is the length 0xFFFF_FFFF.
pub fn canonical(context: &SealContext<'_>) -> Vec<u8> {
    let revision = context.revision.to_be_bytes();
    let fields: [&[u8]; 6] = [
        context.tenant.as_str().as_bytes(),
        context.provider.as_str().as_bytes(),
        context.integration.as_str().as_bytes(),
        context.purpose.name().as_bytes(),
        context.record.as_bytes(),
        &revision,
    ];
    let mut form = Vec::with_capacity(160);
    for field in fields {
        put(&mut form, field);
    }
    match context.origin {
        Some(origin) => put(&mut form, origin.as_bytes()),
        None => form.extend_from_slice(&u32::MAX.to_be_bytes()),
    }
    form
}

fn put(form: &mut Vec<u8>, field: &[u8]) {
    let length = u32::try_from(field.len()).unwrap_or(u32::MAX - 1);
    form.extend_from_slice(&length.to_be_bytes());
    form.extend_from_slice(field);
}
