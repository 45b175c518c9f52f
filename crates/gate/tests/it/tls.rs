//! STARTTLS. The certificate and the key in `data` are for these tests and no other use.

use std::path::Path;
use std::sync::Arc;

use gate::smtp::{Protocol, tls};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio_rustls::TlsConnector;

use crate::support::{OFFERS, Proxy, Talk, Told};

fn data(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data").join(name)
}

async fn start() -> Proxy {
    let config = tls::load(&data("certificate.pem"), &data("key.pem")).unwrap();
    Proxy::with(Told::open(), Protocol::Smtp, Protocol::Smtp, OFFERS, |settings| settings.tls = Some(config))
        .await
}

fn client() -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(data("certificate.pem")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

#[tokio::test]
async fn a_session_goes_on_encrypted_and_knows_nothing_of_before() {
    let proxy = start().await;
    let mut talk = proxy.talk().await;
    assert!(talk.ask("EHLO x", 250).await.contains("STARTTLS"));
    talk.ask("MAIL FROM:<a@b.example>", 250).await;
    talk.ask("STARTTLS", 220).await;
    let name = ServerName::try_from("gate.example").unwrap();
    let stream = client().connect(name, talk.stream.into_inner()).await.unwrap();
    let mut talk = Talk::new(stream);
    talk.ask("RCPT TO:<a@b.example>", 503).await;
    talk.ask("MAIL FROM:<a@b.example>", 503).await;
    assert!(!talk.ask("EHLO x", 250).await.contains("STARTTLS"));
    talk.ask("STARTTLS", 502).await;
    talk.mail(&["a@b.example"], "A: b\r\n.\r\n", 250).await;
    assert_eq!(proxy.sink.taken().len(), 1);
    talk.ask("QUIT", 221).await;
}

#[tokio::test]
async fn commands_in_clear_behind_starttls_are_never_obeyed() {
    let proxy = start().await;
    let mut talk = proxy.hello().await;
    talk.send("STARTTLS\r\nMAIL FROM:<injected@a.example>\r\n").await;
    talk.code(503).await;
    talk.ended().await;
    // Where they come a moment later they meet the handshake, and break it.
    let mut talk = proxy.hello().await;
    talk.ask("STARTTLS", 220).await;
    talk.send("MAIL FROM:<injected@a.example>\r\n").await;
    let mut rest = Vec::new();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut talk.stream, &mut rest).await;
    assert!(!String::from_utf8_lossy(&rest).contains("250"));
    assert_eq!(proxy.sink.said("MAIL"), [""; 0]);
}

#[test]
fn a_file_that_is_none_is_named() {
    let error = tls::load(&data("key.pem"), &data("nothing.pem")).unwrap_err().to_string();
    assert!(error.contains("nothing.pem"), "{error}");
    assert!(tls::load(&data("certificate.pem"), &data("certificate.pem")).is_err());
}
