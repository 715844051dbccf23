//! One connection, made again when it was lost; every command has its limits.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, Pipeline, RedisResult, ScriptInvocation, cmd};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::address::Address;
use super::error::Error;
use crate::secret::Secret;

/// What no wait goes beyond.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Of each command, connecting included where that is necessary.
    pub timeout: Duration,
    /// Cancelled by a signal or a lost lease.
    pub cancel: CancellationToken,
    /// `--max-runtime`.
    pub deadline: Option<Instant>,
}

/// A connection to one server. Clones share it; commands of several tasks travel on it at once.
///
/// After it was lost the next command makes it anew, once: a command that failed is never sent again from here, since it
/// may have been executed.
#[derive(Clone)]
pub struct Connection {
    address: Address,
    client: Client,
    limits: Limits,
    live: Arc<Mutex<Live>>,
}

/// The connection there is, if there is one, and how many there have been: finding one broken must not discard its
/// successor.
#[derive(Default)]
struct Live {
    connection: Option<MultiplexedConnection>,
    generation: u64,
}

impl Connection {
    /// Connects with the first command. The URL's password is scrubbed from every text from now on.
    pub fn open(url: &Secret, limits: Limits) -> Result<Self, Error> {
        let (address, client) = Address::parse(url).map_err(|reason| Error::Url { reason })?;
        Ok(Self { address, client, limits, live: Arc::default() })
    }

    /// Whether the server lets us in.
    pub async fn ping(&self) -> Result<(), Error> {
        self.query::<String>("PING", &cmd("PING")).await.map(drop)
    }

    /// How a command line begins that speaks to the same server.
    pub(super) fn command_line(&self) -> String {
        self.address.command_line()
    }

    /// The answer to one command; `name` is what it is called in messages.
    pub(super) async fn query<T: FromRedisValue>(&self, name: &'static str, command: &Cmd) -> Result<T, Error> {
        self.send(name, Request::One(command)).await
    }

    /// The answers to several commands in one round trip.
    pub(super) async fn query_all<T: FromRedisValue>(&self, name: &'static str, all: &Pipeline) -> Result<T, Error> {
        self.send(name, Request::Several(all)).await
    }

    /// The answer of a script, called by its hash; its text is sent where the server does not know it.
    pub(super) async fn invoke<T: FromRedisValue>(
        &self,
        name: &'static str,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, Error> {
        self.send(name, Request::Script(script)).await
    }

    /// An answer of another shape than the command has.
    pub(super) fn unreadable(&self, command: &'static str, problem: &'static str) -> Error {
        Error::Unreadable { address: self.address.clone(), command, problem }
    }

    async fn send<T: FromRedisValue>(&self, name: &'static str, request: Request<'_>) -> Result<T, Error> {
        let end = Instant::now() + self.limits.timeout;
        let (mut connection, generation) = self.bounded(end, name, self.live()).await??;
        let answer = self.bounded(end, name, request.send(&mut connection)).await;
        let is_broken = match &answer {
            Ok(Ok(_)) | Err(Error::Cancelled { .. } | Error::Deadline { .. }) => false,
            Ok(Err(error)) => error.is_unrecoverable_error() || error.is_io_error(),
            // What hangs there would delay every later command, too.
            Err(_) => true,
        };
        if is_broken {
            self.discard(generation).await;
        }
        answer?.map_err(|error| Error::of(&self.address, name, error))
    }

    /// The present connection, made if there is none; several tasks make one together.
    async fn live(&self) -> Result<(MultiplexedConnection, u64), Error> {
        let mut live = self.live.lock().await;
        if let Some(connection) = &live.connection {
            return Ok((connection.clone(), live.generation));
        }
        // Our own limits bound every wait.
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let made = self.client.get_multiplexed_async_connection_with_config(&config).await;
        let made = made.map_err(|error| Error::connecting(&self.address, error))?;
        live.generation += 1;
        Ok((live.connection.insert(made).clone(), live.generation))
    }

    /// Lets the next command make a new connection, unless that has happened already.
    async fn discard(&self, generation: u64) {
        let mut live = self.live.lock().await;
        if live.generation == generation {
            live.connection = None;
        }
    }

    /// What `work` gives before the command's end, the run's deadline and its cancellation.
    async fn bounded<T>(&self, end: Instant, command: &'static str, work: impl Future<Output = T>) -> Result<T, Error> {
        let address = || self.address.clone();
        let deadline = self.limits.deadline.filter(|deadline| *deadline <= end);
        match self.limits.cancel.run_until_cancelled(timeout_at(deadline.unwrap_or(end), work)).await {
            Some(Ok(value)) => Ok(value),
            Some(Err(_)) if deadline.is_some() => Err(Error::Deadline { address: address() }),
            Some(Err(_)) => Err(Error::Timeout { address: address(), command, limit: self.limits.timeout }),
            None => Err(Error::Cancelled { address: address() }),
        }
    }
}

/// What is sent in one go.
enum Request<'a> {
    One(&'a Cmd),
    Several(&'a Pipeline),
    Script(&'a ScriptInvocation<'a>),
}

impl Request<'_> {
    async fn send<T: FromRedisValue>(self, connection: &mut MultiplexedConnection) -> RedisResult<T> {
        match self {
            Self::One(command) => command.query_async(connection).await,
            Self::Several(commands) => commands.query_async(connection).await,
            Self::Script(script) => script.invoke_async(connection).await,
        }
    }
}
