//! A proxy before the server that does something to a COMMIT.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// What happens to the next COMMIT, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// It never arrives.
    Swallowed,
    /// It arrives, and its answer does not.
    Unanswered,
    /// The client is cut off at once, and it arrives after this time.
    Late(Duration),
}

/// The end of a simple query.
const COMMIT: &[u8] = b"COMMIT\0";

pub struct Proxy {
    pub port: u16,
    is_armed: Arc<AtomicBool>,
    trips: Arc<Trips>,
}

/// Times that the client said something after an answer.
#[derive(Default)]
struct Trips {
    count: AtomicU64,
    has_answered: AtomicBool,
}

impl Proxy {
    pub fn start(server: u16, mishap: Mishap) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("a port").port();
        let is_armed = Arc::new(AtomicBool::new(false));
        let armed = Arc::clone(&is_armed);
        let trips = Arc::<Trips>::default();
        let counted = Arc::clone(&trips);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)) else { continue };
                let (armed, trips) = (Arc::clone(&armed), Arc::clone(&counted));
                thread::spawn(move || pass(&client, &server, mishap, &armed, &trips));
            }
        });
        Self { port, is_armed, trips }
    }

    pub fn round_trips(&self) -> u64 {
        self.trips.count.load(Ordering::SeqCst)
    }

    /// The next COMMIT has the mishap.
    pub fn arm(&self) {
        self.is_armed.store(true, Ordering::SeqCst);
    }
}

fn pass(client: &TcpStream, server: &TcpStream, mishap: Mishap, is_armed: &AtomicBool, trips: &Arc<Trips>) {
    let (mut answers, mut to_client) = (server.try_clone().expect("a stream"), client.try_clone().expect("a stream"));
    let answered = Arc::clone(trips);
    thread::spawn(move || {
        let mut buffer = vec![0_u8; 65_536];
        // Ends with either end.
        while let Ok(count @ 1..) = answers.read(&mut buffer) {
            answered.has_answered.store(true, Ordering::SeqCst);
            if to_client.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let (mut from_client, mut to_server) = (client, server);
    let mut buffer = vec![0_u8; 65_536];
    while let Ok(count @ 1..) = from_client.read(&mut buffer) {
        let sent = &buffer[..count];
        if trips.has_answered.swap(false, Ordering::SeqCst) {
            trips.count.fetch_add(1, Ordering::SeqCst);
        }
        if sent.ends_with(COMMIT) && is_armed.swap(false, Ordering::SeqCst) {
            let _ = client.shutdown(Shutdown::Both);
            match mishap {
                Mishap::Swallowed => {}
                Mishap::Unanswered => _ = to_server.write_all(sent),
                Mishap::Late(delay) => {
                    thread::sleep(delay);
                    let _ = to_server.write_all(sent);
                }
            }
            // The server has to read it before it sees the end.
            thread::sleep(Duration::from_millis(100));
            break;
        }
        if to_server.write_all(sent).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
}
