//! Copies the log into the database beside the writer, which then waits for the disk only once.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};

/// A log of this many bytes is copied while the writer goes on.
pub(super) const COPIED_AT_BYTES: u64 = 16 * 1024 * 1024;

/// A log of this many bytes is copied to its end before the writer goes on: then it begins anew.
pub(super) const LARGEST_BYTES: u64 = 4 * COPIED_AT_BYTES;

/// The thread that copies; it ends when this is dropped.
pub(super) struct Checkpointer {
    requests: Option<Sender<()>>,
    replies: Receiver<()>,
    thread: Option<JoinHandle<()>>,
    is_busy: bool,
}

impl Checkpointer {
    /// `copy` copies what is in the log, on a connection that nobody else uses.
    pub(super) fn spawn(copy: impl Fn() + Send + 'static) -> io::Result<Self> {
        let (requests, received) = channel();
        let (done, replies) = channel();
        let work = move || {
            for () in received {
                copy();
                if done.send(()).is_err() {
                    return;
                }
            }
        };
        let thread = Builder::new().name("tongbu-checkpoint".to_owned()).spawn(work)?;
        Ok(Self { requests: Some(requests), replies, thread: Some(thread), is_busy: false })
    }

    /// Whether it may be copying.
    pub(super) const fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Called after a commit that left a log of that many bytes.
    pub(super) fn see(&mut self, log_bytes: u64) {
        if self.replies.try_recv().is_ok() {
            self.is_busy = false;
        }
        if log_bytes >= LARGEST_BYTES {
            self.wait();
            self.begin();
            self.wait();
        } else if log_bytes >= COPIED_AT_BYTES && !self.is_busy {
            self.begin();
        }
    }

    fn begin(&mut self) {
        self.is_busy = self.requests.as_ref().is_some_and(|requests| requests.send(()).is_ok());
    }

    fn wait(&mut self) {
        if self.is_busy {
            // One that has ended needs no waiting for.
            let _ = self.replies.recv();
            self.is_busy = false;
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        drop(self.requests.take());
        if let Some(thread) = self.thread.take() {
            // Its panic was reported where it happened.
            let _ = thread.join();
        }
    }
}
