//! STARTTLS.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::wire::Io;

/// Reads a chain of certificates and its key, both in PEM.
pub fn load(certificates: &Path, key: &Path) -> io::Result<Arc<ServerConfig>> {
    let bad = |path: &Path, error: &dyn std::fmt::Display| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()))
    };
    let chain = CertificateDer::pem_file_iter(certificates)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| bad(certificates, &error))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| bad(key, &error))?;
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, secret))
        .map_err(|error| bad(certificates, &error))?;
    Ok(Arc::new(config))
}

/// Shakes hands.
pub(crate) async fn accept(
    io: Box<dyn Io>,
    config: Arc<ServerConfig>,
    within: Duration,
) -> io::Result<Box<dyn Io>> {
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, "the handshake took too long");
    let stream = tokio::time::timeout(within, TlsAcceptor::from(config).accept(io)).await.map_err(late)??;
    Ok(Box::new(stream))
}
