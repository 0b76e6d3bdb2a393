//! Whom we trust when we call out: the public roots, compiled in so that a cold start parses none.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::StartError;

/// TLS 1.2 and 1.3 on ring, trusting the public roots and those in `extra_roots` (PEM) besides.
///
/// # Errors
/// If the extra roots are not certificates.
pub fn client_config(extra_roots: Option<&[u8]>) -> Result<ClientConfig, StartError> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    for certificate in CertificateDer::pem_slice_iter(extra_roots.unwrap_or_default()) {
        // What the reader says quotes the file.
        certificate
            .ok()
            .and_then(|certificate| roots.add(certificate).ok())
            .ok_or("an extra root is not a certificate")?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
