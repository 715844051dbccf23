//! HTTP/2: a stream that the server ends in the middle of a body, as if nothing were wrong.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::{Running, Sandbox};

const CERTIFICATE: &[u8] = include_bytes!("../../fixtures/tls/leaf.cert.der");
const KEY: &[u8] = include_bytes!("../../fixtures/tls/leaf.key.der");

const BODY: &str = r#"{"data":[{"id":"a"},{"id":"b"},{"id":"c"}],"next":null}"#;

/// Kinds of frames, and their flags (RFC 9113, 6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
const NO_ERROR: [u8; 4] = [0; 4];

/// Status 200 and the content type (RFC 7541).
const HEAD: &[u8] = b"\x88\x0f\x10\x10application/json";

type Stream = StreamOwned<ServerConnection, TcpStream>;

/// Resets the first `count` answers after the first row, or within it; the port, and how many requests came.
fn serve(count: usize, sent: usize) -> (u16, Arc<AtomicUsize>) {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(KEY));
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(CERTIFICATE)], key)
        .expect("a certificate and its key");
    config.alpn_protocols = vec![b"h2".to_vec()];
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let session = ServerConnection::new(Arc::clone(&config)).expect("a session");
            let counted = Arc::clone(&counted);
            // It ends with an error where the client goes away.
            thread::spawn(move || answer(StreamOwned::new(session, stream), &counted, count, sent));
        }
    });
    (port, requests)
}

fn answer(mut stream: Stream, requests: &AtomicUsize, count: usize, sent: usize) -> io::Result<()> {
    stream.read_exact(&mut [0; 24])?;
    send(&mut stream, SETTINGS, 0, 0, &[])?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head)?;
        let [a, b, c, kind, flags, id @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        stream.read_exact(&mut payload)?;
        let id = u32::from_be_bytes(id);
        if kind == SETTINGS && flags & ACK == 0 {
            send(&mut stream, SETTINGS, ACK, 0, &[])?;
        } else if kind == HEADERS {
            send(&mut stream, HEADERS, END_HEADERS, id, HEAD)?;
            if requests.fetch_add(1, Ordering::Relaxed) < count {
                send(&mut stream, DATA, 0, id, &BODY.as_bytes()[..sent])?;
                send(&mut stream, RST_STREAM, 0, id, &NO_ERROR)?;
            } else {
                send(&mut stream, DATA, END_STREAM, id, BODY.as_bytes())?;
            }
        }
    }
}

fn send(stream: &mut Stream, kind: u8, flags: u8, id: u32, payload: &[u8]) -> io::Result<()> {
    let length = u32::try_from(payload.len()).expect("a short payload").to_be_bytes();
    let head = [&length[1..], &[kind, flags], &id.to_be_bytes()].concat();
    stream.write_all(&[head.as_slice(), payload].concat())?;
    stream.flush()
}

#[test]
fn stream_that_is_reset_without_an_error_is_cut_and_tried_again() {
    for sent in [BODY.find(",{\"id\":\"b").expect("the second row"), 15] {
        for (failures, code) in [(1, 0), (usize::MAX, 5)] {
            let (port, requests) = serve(failures, sent);
            let mut sandbox = Sandbox::small();
            sandbox.home.set("fairing.base_url", format!("https://127.0.0.1:{port}"));
            let trusted = sandbox.home.path().join("trusted.pem");
            let text = STANDARD.encode(CERTIFICATE);
            fs::write(&trusted, format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"))
                .expect("a file can be written");
            let mut command = sandbox.command();
            command.env("SSL_CERT_FILE", &trusted);
            command.args("sync fairing --json --account shop-eu --kind responses".split(' '));
            let outcome = Running::start(command).wait().expect(code);
            assert!(requests.load(Ordering::Relaxed) > 1, "not tried again: {}", outcome.said());
            if code == 0 {
                assert_eq!(outcome.count("new"), 3);
            } else {
                assert_eq!(outcome.json()["error"]["class"], "unavailable", "{}", outcome.stdout);
            }
        }
    }
}
