//! A server that sends exact bytes, as a broken or hostile upstream might.
//!
//! A [`Script`] is what happens on one connection once a request has come; [`catalogue`] names the known faults.

pub mod catalogue;
mod compressed;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// What a server does on a connection, in order; then it closes.
pub type Script = Vec<Step>;

/// One thing a server does.
#[derive(Clone, Debug)]
pub enum Step {
    Send(Vec<u8>),
    /// The same bytes, this number of times.
    Repeat(Vec<u8>, usize),
    /// Byte by byte, with a pause after each.
    Drip(Vec<u8>, Duration),
    /// Nothing, until the client gives up.
    Hold,
    /// The connection is reset, not closed.
    Reset,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Received {
    /// Method, target and version, as in `GET /api/responses?page=3 HTTP/1.1`.
    pub line: String,
    /// Request line and headers.
    pub head: String,
    pub body: Vec<u8>,
    /// How many requests came before it.
    pub number: usize,
}

/// A listening server; it ends when dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Listens on a free port of the loopback and answers each connection's first request with what `answer` says.
    pub async fn start(answer: impl Fn(&Received) -> Script + Send + Sync + 'static) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let received = Arc::<Mutex<Vec<Received>>>::default();
        let accepting = tokio::spawn(accept(listener, Arc::new(answer), received.clone()));
        Ok(Self { address, received, accepting })
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What came so far.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// A complete answer with a JSON body, for the requests between the faults.
pub fn json(body: &str) -> Script {
    answer("200 OK", "content-type: application/json\r\n", body.as_bytes())
}

/// A complete answer. `headers` end with a line break each.
pub fn answer(status: &str, headers: &str, body: &[u8]) -> Script {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n");
    vec![Step::Send([head.as_bytes(), body].concat())]
}

async fn accept(
    listener: TcpListener,
    answer: Arc<dyn Fn(&Received) -> Script + Send + Sync>,
    received: Arc<Mutex<Vec<Received>>>,
) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let (answer, received) = (answer.clone(), received.clone());
        tokio::spawn(async move {
            let Ok(mut request) = receive(&mut stream).await else { return };
            {
                let mut received = received.lock().unwrap_or_else(PoisonError::into_inner);
                request.number = received.len();
                received.push(request.clone());
            }
            // The client may go away at any step; that is what some faults are for.
            let _ = play(stream, answer(&request)).await;
        });
    }
}

/// Reads one request to the end of its body: closing a socket with bytes unread resets it.
async fn receive(stream: &mut TcpStream) -> std::io::Result<Received> {
    let mut bytes = Vec::new();
    let head_length = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_length]).into_owned();
    let mut body = bytes.split_off(head_length);
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0);
    while body.len() < length && stream.read_buf(&mut body).await? > 0 {}
    let line = head.lines().next().unwrap_or_default().to_owned();
    Ok(Received { line, head, body, number: 0 })
}

async fn play(mut stream: TcpStream, script: Script) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    for step in script {
        match step {
            Step::Send(bytes) => stream.write_all(&bytes).await?,
            Step::Repeat(bytes, times) => {
                for _ in 0..times {
                    stream.write_all(&bytes).await?;
                }
            }
            Step::Drip(bytes, pause) => {
                for byte in bytes {
                    stream.write_all(&[byte]).await?;
                    sleep(pause).await;
                }
            }
            Step::Hold => {
                stream.read_u8().await?;
            }
            Step::Reset => return stream.set_zero_linger(),
        }
    }
    stream.shutdown().await
}
