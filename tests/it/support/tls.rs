//! A server with a certificate that no client trusts.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Offers one connection a certificate that only itself has signed.
pub fn serve_self_signed(listener: &TcpListener) {
    let certificate = CertificateDer::from(include_bytes!("../../fixtures/tls/self-signed.cert.der").as_slice());
    let key = PrivatePkcs8KeyDer::from(include_bytes!("../../fixtures/tls/self-signed.key.der").as_slice());
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::from(key))
        .expect("a certificate and its key");
    let (stream, _) = listener.accept().expect("a connection");
    let session = ServerConnection::new(Arc::new(config)).expect("a session");
    let mut stream = StreamOwned::new(session, stream);
    let refused = stream.read(&mut [0; 1]).and_then(|_| stream.write(b"x"));
    assert!(refused.is_err(), "the client must not go on");
}
