//! A proxy before the server that does something to a COMMIT, or is far away.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

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
    delay_millis: Arc<AtomicU64>,
}

impl Proxy {
    pub fn start(server: u16, mishap: Mishap) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("a port").port();
        let is_armed = Arc::new(AtomicBool::new(false));
        let armed = Arc::clone(&is_armed);
        let delay_millis = Arc::<AtomicU64>::default();
        let delay = Arc::clone(&delay_millis);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)) else { continue };
                let (armed, delay) = (Arc::clone(&armed), Arc::clone(&delay));
                thread::spawn(move || pass(&client, &server, mishap, &armed, &delay));
            }
        });
        Self { port, is_armed, delay_millis }
    }

    /// Answers take so long from now on; any number of them is on its way at once.
    pub fn delay(&self, delay: Duration) {
        self.delay_millis.store(u64::try_from(delay.as_millis()).expect("a short time"), Ordering::SeqCst);
    }

    /// The next COMMIT has the mishap.
    pub fn arm(&self) {
        self.is_armed.store(true, Ordering::SeqCst);
    }
}

fn pass(client: &TcpStream, server: &TcpStream, mishap: Mishap, is_armed: &AtomicBool, delay: &Arc<AtomicU64>) {
    for end in [client, server] {
        end.set_nodelay(true).expect("a stream");
    }
    let (mut answers, mut to_client) = (server.try_clone().expect("a stream"), client.try_clone().expect("a stream"));
    let (delay, (sender, delayed)) = (Arc::clone(delay), channel::<(Instant, Vec<u8>)>());
    thread::spawn(move || {
        let mut buffer = vec![0_u8; 65_536];
        // Ends with either end.
        while let Ok(count @ 1..) = answers.read(&mut buffer) {
            let due = Instant::now() + Duration::from_millis(delay.load(Ordering::SeqCst));
            if sender.send((due, buffer[..count].to_vec())).is_err() {
                break;
            }
        }
    });
    thread::spawn(move || {
        for (due, answer) in delayed {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to_client.write_all(&answer).is_err() {
                break;
            }
        }
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let (mut from_client, mut to_server) = (client, server);
    let mut buffer = vec![0_u8; 65_536];
    while let Ok(count @ 1..) = from_client.read(&mut buffer) {
        let sent = &buffer[..count];
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
