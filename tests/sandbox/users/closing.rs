//! A target that closes the connections it could keep.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// When a connection is closed; no answer announces it.
#[derive(Clone, Copy, Debug)]
pub enum Closing {
    /// This long after an answer.
    After(Duration),
    /// When the next request has come over it, which is not processed.
    OnNextRequest,
}

/// The target; it serves until its process ends.
pub struct ClosingTarget {
    pub url: String,
    keys: Arc<Mutex<BTreeMap<String, u64>>>,
}

impl ClosingTarget {
    pub fn start(closing: Closing) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let url = format!("http://{}/sync", listener.local_addr().expect("an address"));
        let keys = Arc::<Mutex<BTreeMap<String, u64>>>::default();
        let processed = Arc::clone(&keys);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, processed) = (stream.expect("a connection"), Arc::clone(&processed));
                thread::spawn(move || serve(&mut stream, closing, &processed));
            }
        });
        Self { url, keys }
    }

    /// The id of each event that was processed, and how often it came.
    pub fn processed(&self) -> BTreeMap<String, u64> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(stream: &mut TcpStream, closing: Closing, processed: &Mutex<BTreeMap<String, u64>>) {
    let Some(task) = read_request(stream) else { return };
    let id = task["task_id"].as_str().expect("an id").to_owned();
    *processed.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default() += 1;
    let answer =
        "HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    // The client may be gone.
    let _ = stream.write_all(answer.as_bytes());
    match closing {
        Closing::After(wait) => thread::sleep(wait),
        Closing::OnNextRequest => drop(read_request(stream)),
    }
}

/// The body of the next request; `None` where the connection ends before.
fn read_request(stream: &mut TcpStream) -> Option<Value> {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut chunk).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return serde_json::from_str(body).ok();
        }
    }
}
