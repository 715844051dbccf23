//! The one thread that writes: jobs in the order they come, heartbeats in between.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::thread::{Builder, JoinHandle};

use tokio::sync::oneshot;

use super::Error;
use super::heartbeat::Heartbeat;
use super::sqlite::Connection;
use crate::clock::Clock;

/// What a job works with.
pub(super) struct Desk {
    pub(super) connection: Connection,
    pub(super) heartbeat: Heartbeat,
    pub(super) clock: Clock,
}

/// What became of a job: its value, or its panic.
pub(super) type Outcome<T> = std::thread::Result<T>;

type Job = Box<dyn FnOnce(&mut Desk) + Send>;

/// The handle of the thread; when it goes, the thread has closed the connection.
pub(super) struct WriterThread {
    sender: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl WriterThread {
    pub(super) fn spawn(connection: Connection, clock: Clock) -> Result<Self, Error> {
        let path = Arc::clone(connection.path());
        let (sender, jobs) = channel();
        let desk = Desk { connection, heartbeat: Heartbeat::default(), clock };
        let thread = Builder::new().name("tongbu-writer".to_owned()).spawn(move || work(desk, &jobs));
        let thread = thread.map_err(Error::io(&*path))?;
        Ok(Self { sender: Some(sender), thread: Some(thread) })
    }

    /// Hands a job in; it is done whether or not the answer is awaited.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Desk) -> T + Send + 'static,
    ) -> oneshot::Receiver<Outcome<T>> {
        let (reply, answer) = oneshot::channel();
        self.send(job, move |outcome| drop(reply.send(outcome)));
        answer
    }

    /// The same for code outside the async runtime; inside it the calling thread waits.
    pub(super) fn submit_blocking<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Desk) -> T + Send + 'static,
    ) -> Receiver<Outcome<T>> {
        let (reply, answer) = sync_channel(1);
        self.send(job, move |outcome| drop(reply.send(outcome)));
        answer
    }

    fn send<T>(
        &self,
        job: impl FnOnce(&mut Desk) -> T + Send + 'static,
        reply: impl FnOnce(Outcome<T>) + Send + 'static,
    ) {
        if let Some(sender) = &self.sender {
            // A panic belongs to the caller; the transaction it interrupts rolls back while it unwinds.
            let job: Job = Box::new(move |desk| reply(catch_unwind(AssertUnwindSafe(|| job(desk)))));
            // Where the thread is gone, the reply goes with the job and the answer says so.
            let _ = sender.send(job);
        }
    }
}

impl Drop for WriterThread {
    fn drop(&mut self) {
        self.sender = None;
        // A job may own the last handle; its thread cannot wait for itself.
        if let Some(thread) = self.thread.take().filter(|thread| thread.thread().id() != std::thread::current().id()) {
            let _ = thread.join();
        }
    }
}

fn work(mut desk: Desk, jobs: &Receiver<Job>) {
    loop {
        let job = match desk.heartbeat.pause() {
            None => jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(pause) => jobs.recv_timeout(pause),
        };
        match job {
            Ok(job) => job(&mut desk),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        desk.heartbeat.beat(&mut desk.connection);
    }
}

/// The value of an answer; a panic of the job goes on in its caller.
pub(super) fn open_answer<T>(answer: Option<Outcome<T>>, path: &Path) -> Result<T, Error> {
    match answer {
        Some(Ok(value)) => Ok(value),
        Some(Err(panic)) => resume_unwind(panic),
        None => Err(Error::Engine { path: path.to_owned(), source: "the writer thread has ended".into() }),
    }
}
