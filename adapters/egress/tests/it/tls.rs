//! Who the other side is: certificates trusted and not.

use std::sync::Arc;

use countersign_egress::{
    Egress, Settings,
    exchange::{Answer, EgressError, Request},
};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;
use url::Url;

use crate::{
    listener::{HOME, settings},
    upgrade::upgrade_request,
};

/// An agreement to leave HTTP, and the first word after it.
pub(crate) const SWITCHED: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: talk\r\n\r\nhello";

struct Secure {
    port: u16,
    ca_pem: Vec<u8>,
    _task: JoinSet<()>,
}

/// Serves as `auth.example`, with a certificate that only its own PEM makes trusted.
async fn secure() -> Secure {
    secure_offering(&[]).await
}

async fn secure_offering(protocols: &[&[u8]]) -> Secure {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["auth.example".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let listener = TcpListener::bind((HOME, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut task = JoinSet::new();
    task.spawn(accept(listener, TlsAcceptor::from(Arc::new(config))));
    Secure { port, ca_pem: cert.pem().into_bytes(), _task: task }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor) {
    while let Ok((stream, _)) = listener.accept().await {
        // A client that mistrusts us ends the handshake; that is what is tested.
        let _ = serve(&acceptor, stream).await;
    }
}

async fn serve(acceptor: &TlsAcceptor, stream: TcpStream) -> std::io::Result<()> {
    let mut stream = acceptor.accept(stream).await?;
    let mut request = [0; 1024];
    let length = stream.read(&mut request).await?;
    assert!(request[..length].ends_with(b"\r\n\r\n"));
    let leaves = request[..length].windows(8).any(|part| part == b"upgrade:");
    let answer: &[u8] = if leaves { SWITCHED } else { b"HTTP/1.1 204 No Content\r\n\r\n" };
    stream.write_all(answer).await?;
    stream.shutdown().await
}

async fn get(ca_pem: Vec<u8>, host: &str, port: u16) -> Result<Answer, EgressError> {
    let egress = Egress::new(Settings { ca_pem, ..settings(&["127.0.0.1"], &[]) }).unwrap();
    let url = Url::parse(&format!("https://{host}:{port}/")).unwrap();
    egress.send(Request::get(egress.check(&url)?)).await
}

#[tokio::test]
async fn a_trusted_name_is_called() {
    let Secure { port, ca_pem, _task } = secure().await;
    assert_eq!(get(ca_pem, "auth.example", port).await.unwrap().status.as_u16(), 204);
}

#[tokio::test]
async fn a_stranger_is_not_called() {
    let Secure { port, ca_pem, _task } = secure().await;

    for (name, answer) in [
        ("unknown issuer", get(vec![], "auth.example", port).await),
        ("another name", get(ca_pem.clone(), "other.example", port).await),
        ("an address", get(ca_pem, "127.0.0.1", port).await),
    ] {
        let refused = answer.unwrap_err();
        assert!(matches!(refused, EgressError::Tls(_)), "{name}: {refused}");
    }
}

#[tokio::test]
async fn what_leaves_http_does_not_begin_with_http_2() {
    let Secure { port, ca_pem, _task } = secure_offering(&[b"h2", b"http/1.1"]).await;
    let egress = Egress::new(Settings { ca_pem, ..settings(&["127.0.0.1"], &[]) }).unwrap();
    let url = Url::parse(&format!("https://auth.example:{port}/")).unwrap();
    let request = upgrade_request(egress.check(&url).unwrap());
    let mut upgraded = egress.upgrade(request).await.unwrap();
    let mut said = String::new();
    upgraded.stream.read_to_string(&mut said).await.unwrap();
    assert_eq!(said, "hello");
}

#[test]
fn malformed_certificates_are_an_error() {
    let ca_pem = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec();
    let refused = Egress::new(Settings { ca_pem, ..Settings::default() }).unwrap_err();
    assert_eq!(refused.to_string(), "cannot set up outgoing connections");
}
