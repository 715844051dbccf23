//! The thread that speaks with the server, for all connections of one store.

use std::pin::Pin;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

/// Connections that are closed say goodbye within this time, or are left behind.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The handle of the thread; once it is dropped, the connections are closed.
pub(in crate::store) struct IoThread {
    tasks: Option<UnboundedSender<Task>>,
    thread: Option<JoinHandle<()>>,
}

impl IoThread {
    pub(super) fn spawn() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let (tasks, received) = unbounded_channel();
        let span = tracing::Span::current();
        let work = move || span.in_scope(|| runtime.block_on(work(received)));
        let thread = Builder::new().name("tongbu-postgres".to_owned()).spawn(work)?;
        Ok(Self { tasks: Some(tasks), thread: Some(thread) })
    }

    /// Runs a task there.
    pub(super) fn run(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(tasks) = &self.tasks {
            // Where the thread has ended, those who wait for the task see its channel close.
            let _ = tasks.send(Box::pin(task));
        }
    }
}

impl Drop for IoThread {
    fn drop(&mut self) {
        self.tasks = None;
        if let Some(thread) = self.thread.take().filter(|thread| thread.thread().id() != std::thread::current().id()) {
            let _ = thread.join();
        }
    }
}

async fn work(mut received: UnboundedReceiver<Task>) {
    let mut running = JoinSet::new();
    while let Some(task) = received.recv().await {
        running.spawn(task);
    }
    let goodbye = async { while running.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GOODBYE_TIMEOUT, goodbye).await;
}
