//! One session with the server: how it begins, and the statements in it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::try_join_all;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tokio_postgres::config::Host;
use tokio_postgres::{AsyncMessage, Client, SimpleQueryMessage, Statement};

use super::address::Address;
use super::dialect;
use super::fault::{translate, translate_connect};
use super::io::IoThread;
use super::socket::{self, ANSWER_TIMEOUT, KEEPALIVE_COUNT, KEEPALIVE_IDLE, KEEPALIVE_INTERVAL};
use super::tls::{self, Handshake};
use super::value::{Bound, Cells};
use super::wait::{send, wait, wait_for};
use crate::store::error::Error;
use crate::store::server_error::ServerError;
use crate::store::value::Value;

/// The schema that holds everything of ours.
pub(super) const SCHEMA: &str = "tongbu";

/// How long a host may take to let us in, where the address says nothing.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long COMMIT may take: a standby that has to confirm it may never do so.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(30);

/// Statements kept prepared; more than one pass uses. Some texts hold numbers.
const STATEMENT_CACHE: usize = 256;

/// What a session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Write,
    Read,
}

/// An open session.
pub(in crate::store) struct Session {
    client: Client,
    address: Arc<Address>,
    facts: Facts,
    prepared: RefCell<HashMap<String, Statement>>,
    /// That the server has warned of something since this was last looked at.
    has_warned: Arc<AtomicBool>,
}

/// What the server says about itself and this session.
#[derive(Debug)]
pub(super) struct Facts {
    /// `130004` is 13.4.
    pub(super) version: u32,
    pub(super) encoding: String,
    pub(super) is_standby: bool,
    /// The server's clock, in milliseconds since 1970.
    pub(super) now: i64,
    /// Process id and start of the server's process for this session; `None` where something is in between that may change
    /// it, or that is no `PostgreSQL`.
    backend: Option<String>,
}

/// How a COMMIT ended.
pub(super) enum Committed {
    Yes,
    No(Error),
    /// The connection broke off: it may have happened, or may still happen.
    Lost(Error),
    /// It may have happened, and nothing more can be found out.
    Unknown(Error),
}

impl Session {
    /// Begins a session with the first host that is no standby.
    pub(super) fn begin(address: &Arc<Address>, io: &IoThread, role: Role) -> Result<Self, Error> {
        let mut first_error = None;
        for (host, port) in address.places() {
            match Self::begin_with(address, host, port, io, role) {
                Ok(session) => return Ok(session),
                Err(error) => _ = first_error.get_or_insert(error),
            }
        }
        Err(first_error.unwrap_or_else(|| ServerError::Standby { server: address.to_string() }.into()))
    }

    fn begin_with(address: &Arc<Address>, host: &Host, port: u16, io: &IoThread, role: Role) -> Result<Self, Error> {
        let unreachable = |source| Error::from(ServerError::Unreachable { server: address.to_string(), source });
        let config = tls::client_config(address)
            .map_err(|error| ServerError::Unsafe { server: address.to_string(), source: error.into() })?;
        let has_warned = Arc::new(AtomicBool::new(false));
        let (reply, replied) = oneshot::channel();
        io.run(connect(Arc::clone(address), host.clone(), port, config, Arc::clone(&has_warned), reply));
        let (client, own_port) =
            wait(replied).unwrap_or_else(|_| Err(unreachable("the connection was closed".into())))?;
        let facts = set_up(&client, role, own_port).map_err(|error| translate(error, address.to_string()))?;
        if facts.is_standby {
            return Err(ServerError::Standby { server: address.to_string() }.into());
        }
        let session = Self { client, address: Arc::clone(address), facts, prepared: RefCell::default(), has_warned };
        session.has_warned.store(false, Ordering::Relaxed);
        Ok(session)
    }

    pub(in crate::store) fn address(&self) -> Arc<Address> {
        Arc::clone(&self.address)
    }

    pub(super) const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The server's process for this session, unlike any other one; `None` where that shows nothing.
    pub(in crate::store) fn backend(&self) -> Option<&str> {
        self.facts.backend.as_deref()
    }

    /// Whether no more requests can be made.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Calls `f` for each result row until it breaks off. The outer error is the engine's.
    pub(in crate::store) fn query<E>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        mut f: impl FnMut(Cells<'_>) -> Result<ControlFlow<()>, E>,
    ) -> Result<Result<(), E>, Error> {
        let statement = self.prepared(sql)?;
        let rows = wait(self.client.query_raw(&statement, bound(params))).map_err(|error| self.fault(error))?;
        let mut rows = pin!(rows);
        let mut outcome = Ok(ControlFlow::Continue(()));
        // To its end in any case: the last of the answer says whether the statement succeeded.
        while let Some(row) = wait(rows.next()) {
            let row = row.map_err(|error| self.fault(error))?;
            if matches!(outcome, Ok(ControlFlow::Continue(()))) {
                outcome = f(&row);
            }
        }
        Ok(outcome.map(drop))
    }

    /// The names of the columns that a statement answers with.
    pub(in crate::store) fn columns(&self, sql: &str) -> Result<Vec<String>, Error> {
        Ok(self.prepared(sql)?.columns().iter().map(|column| column.name().to_owned()).collect())
    }

    /// Runs a statement; returns how many rows changed.
    pub(in crate::store) fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<u64, Error> {
        let statement = self.prepared(sql)?;
        wait(self.client.execute_raw(&statement, bound(params))).map_err(|error| self.fault(error))
    }

    /// Runs a statement for each of these parameters, all of them on their way at once; returns how many rows changed.
    pub(in crate::store) fn execute_many(&self, sql: &str, rows: &[Vec<Value<'_>>]) -> Result<u64, Error> {
        let statement = self.prepared(sql)?;
        let requests = rows.iter().map(|params| self.client.execute_raw(&statement, bound(params)));
        let changed = wait(try_join_all(requests)).map_err(|error| self.fault(error))?;
        Ok(changed.iter().sum())
    }

    /// Runs several statements of a schema, without parameters.
    pub(in crate::store) fn execute_schema(&self, sql: &str) -> Result<(), Error> {
        self.run(&dialect::schema(sql))
    }

    /// Runs statements of the engine's own.
    pub(super) fn run(&self, sql: &str) -> Result<(), Error> {
        wait(self.client.batch_execute(sql)).map_err(|error| self.fault(error))
    }

    /// The same, without waiting for the answer.
    pub(super) fn send(&self, sql: &str) {
        send(self.client.batch_execute(sql));
    }

    pub(super) fn commit(&self) -> Committed {
        self.has_warned.store(false, Ordering::Relaxed);
        let Some(answer) = wait_for(self.client.batch_execute("COMMIT"), COMMIT_TIMEOUT) else {
            // Never a cancel: the server would call that a success.
            return Committed::Unknown(self.unknown("it did not answer in time"));
        };
        match answer {
            // A standby did not confirm it.
            Ok(()) if self.has_warned.swap(false, Ordering::Relaxed) => {
                Committed::Unknown(self.unknown("it warns that the rows may not be safe"))
            }
            Ok(()) => Committed::Yes,
            Err(error) => {
                let error = self.fault(error);
                if error.is_lost_connection() { Committed::Lost(error) } else { Committed::No(error) }
            }
        }
    }

    fn unknown(&self, what: &'static str) -> Error {
        ServerError::Unknown { server: self.address.to_string(), source: what.into() }.into()
    }

    fn prepared(&self, sql: &str) -> Result<Statement, Error> {
        if let Some(statement) = self.prepared.borrow().get(sql) {
            return Ok(statement.clone());
        }
        let text = dialect::statement(sql);
        let statement = wait(self.client.prepare(&text)).map_err(|error| self.fault(error))?;
        let mut prepared = self.prepared.borrow_mut();
        if prepared.len() >= STATEMENT_CACHE {
            prepared.clear();
        }
        prepared.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    fn fault(&self, error: tokio_postgres::Error) -> Error {
        if error.code().is_some_and(|code| code.code() == "0A000") {
            // A statement was prepared before an upgrade of the schema.
            self.prepared.borrow_mut().clear();
        }
        translate(error, self.address.to_string())
    }
}

fn bound<'a>(params: &'a [Value<'a>]) -> impl ExactSizeIterator<Item = Bound<'a>> {
    params.iter().map(|value| Bound(*value))
}

/// Connects, hands out the client, and works for it until it is dropped.
async fn connect(
    address: Arc<Address>,
    host: Host,
    port: u16,
    tls: Arc<rustls::ClientConfig>,
    has_warned: Arc<AtomicBool>,
    reply: oneshot::Sender<Result<(Client, Option<u16>), Error>>,
) {
    let unreachable = |source| Error::from(ServerError::Unreachable { server: address.to_string(), source });
    let name = match &host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(_) => String::new(),
    };
    let opening = async {
        let (socket, own_port) = socket::connect(&host, port).await.map_err(|error| unreachable(error.into()))?;
        let mut config = address.config.clone();
        if name.is_empty() {
            config.ssl_mode(tokio_postgres::config::SslMode::Disable);
        }
        let connected = config.connect_raw(socket, Handshake { config: tls, name }).await;
        let (client, connection) = connected.map_err(|error| translate_connect(error, address.to_string()))?;
        Ok((client, connection, own_port))
    };
    let timeout = address.config.get_connect_timeout().copied().unwrap_or(CONNECT_TIMEOUT);
    let opened = tokio::time::timeout(timeout, opening).await;
    match opened.unwrap_or_else(|_| Err(unreachable("it did not answer in time".into()))) {
        Ok((client, connection, own_port)) => {
            if reply.send(Ok((client, own_port))).is_ok() {
                serve(connection, &has_warned).await;
            }
        }
        Err(error) => drop(reply.send(Err(error))),
    }
}

async fn serve<S, T>(mut connection: tokio_postgres::Connection<S, T>, has_warned: &AtomicBool)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        match poll_fn(|context| connection.poll_message(context)).await {
            // 01000 is the warning that a commit is only local.
            Some(Ok(AsyncMessage::Notice(notice))) if notice.code().code() == "01000" => {
                has_warned.store(true, Ordering::Relaxed);
            }
            Some(Ok(_)) => {}
            // Those who wait for an answer get the error.
            Some(Err(error)) => return tracing::debug!(%error, "the connection to the database has ended"),
            None => return,
        }
    }
}

/// Gives the session its settings and asks for the facts, in one request.
fn set_up(client: &Client, role: Role, own_port: Option<u16>) -> Result<Facts, tokio_postgres::Error> {
    // What only reads may take as long as its reader does.
    let longest = if role == Role::Write { "5min" } else { "0" };
    let sql = format!(
        "SET search_path = {SCHEMA};
         SET lock_timeout = '30s';
         SET idle_in_transaction_session_timeout = '30s';
         SET statement_timeout = '{longest}';
         SET tcp_keepalives_idle = {};
         SET tcp_keepalives_interval = {};
         SET tcp_keepalives_count = {KEEPALIVE_COUNT};
         SET tcp_user_timeout = {};
         SELECT current_setting('server_version_num'),
                current_setting('server_encoding'),
                pg_is_in_recovery(),
                CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT),
                CASE WHEN version() LIKE 'PostgreSQL %'
                     THEN pid || ' ' || CAST(EXTRACT(EPOCH FROM backend_start) * 1000000 AS BIGINT) END,
                inet_client_port()
         FROM pg_catalog.pg_stat_activity
         WHERE pid = pg_backend_pid()",
        KEEPALIVE_IDLE.as_secs(),
        KEEPALIVE_INTERVAL.as_secs(),
        ANSWER_TIMEOUT.as_millis(),
    );
    let answered = wait(client.simple_query(&sql))?;
    let row =
        answered.iter().find_map(|message| if let SimpleQueryMessage::Row(row) = message { Some(row) } else { None });
    let text = |column| row.and_then(|row| row.get(column)).unwrap_or_default();
    // Another port than ours is that of something in between.
    let is_direct = text(5).parse().ok() == own_port;
    Ok(Facts {
        version: text(0).parse().unwrap_or_default(),
        encoding: text(1).to_owned(),
        is_standby: text(2) == "t",
        now: text(3).parse().unwrap_or_default(),
        backend: Some(text(4)).filter(|backend| is_direct && !backend.is_empty()).map(str::to_owned),
    })
}
