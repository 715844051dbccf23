//! The one thread that writes: jobs in the order they come, heartbeats in between.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::thread::{Builder, JoinHandle};

use tokio::sync::oneshot;

use super::connection::Connection;
use super::error::Error;
use super::heartbeat::Heartbeat;
use super::location::Location;
use crate::clock::Clock;

/// What a job on the writer thread works with.
pub(super) struct WriterState {
    pub(super) connection: Connection,
    pub(super) heartbeat: Heartbeat,
    pub(super) clock: Clock,
}

/// The value of a job, or its panic.
pub(super) type JobResult<T> = std::thread::Result<T>;

type Job = Box<dyn FnOnce(&mut WriterState) + Send>;

/// The handle of the thread; once it is dropped, the thread has closed the connection.
pub(super) struct WriterThread {
    sender: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl WriterThread {
    pub(super) fn spawn(connection: Connection, clock: Clock, location: &Location) -> Result<Self, Error> {
        let (sender, jobs) = channel();
        let state = WriterState { connection, heartbeat: Heartbeat::default(), clock };
        // Its lines in the log are those of the run that opened the database.
        let span = tracing::Span::current();
        let thread =
            Builder::new().name("tongbu-writer".to_owned()).spawn(move || span.in_scope(|| work(state, &jobs)));
        let thread = thread.map_err(|error| Error::Engine { database: location.clone(), source: error.into() })?;
        Ok(Self { sender: Some(sender), thread: Some(thread) })
    }

    /// Submits a job; it runs whether or not the reply is awaited.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut WriterState) -> T + Send + 'static,
    ) -> oneshot::Receiver<JobResult<T>> {
        let (sender, reply) = oneshot::channel();
        self.send(job, move |result| drop(sender.send(result)));
        reply
    }

    /// The same for code outside the async runtime; inside it the calling thread waits.
    pub(super) fn submit_blocking<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut WriterState) -> T + Send + 'static,
    ) -> Receiver<JobResult<T>> {
        let (sender, reply) = sync_channel(1);
        self.send(job, move |result| drop(sender.send(result)));
        reply
    }

    fn send<T>(
        &self,
        job: impl FnOnce(&mut WriterState) -> T + Send + 'static,
        reply: impl FnOnce(JobResult<T>) + Send + 'static,
    ) {
        if let Some(sender) = &self.sender {
            // A panic belongs to the caller; the transaction it interrupts rolls back while it unwinds.
            let job: Job = Box::new(move |state| reply(catch_unwind(AssertUnwindSafe(|| job(state)))));
            // Where the thread has ended, the reply channel closes with the job.
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

fn work(mut state: WriterState, jobs: &Receiver<Job>) {
    loop {
        let job = match state.heartbeat.pause() {
            None => jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(pause) => jobs.recv_timeout(pause),
        };
        match job {
            Ok(job) => job(&mut state),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        state.heartbeat.beat(&mut state.connection);
    }
}

/// The value of a job; a panic of the job continues in its caller.
pub(super) fn join_reply<T>(reply: Option<JobResult<T>>, location: &Location) -> Result<T, Error> {
    match reply {
        Some(Ok(value)) => Ok(value),
        Some(Err(panic)) => resume_unwind(panic),
        None => Err(Error::Engine { database: location.clone(), source: "the writer thread has ended".into() }),
    }
}
