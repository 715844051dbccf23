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
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tokio_postgres::config::Host;
use tokio_postgres::types::BorrowToSql;
use tokio_postgres::{AsyncMessage, Client, Statement};

use super::address::Address;
use super::dialect;
use super::facts::{Facts, Role, set_up};
use super::fault::{translate, translate_connect};
use super::io::IoThread;
use super::pending::Pending;
use super::socket;
use super::tls::{self, Handshake};
use super::value::{Bound, Cells, encoded};
use super::wait::{send, wait, wait_for};
use crate::store::error::Error;
use crate::store::server_error::ServerError;
use crate::store::value::Value;

/// How long a host may take to let us in, where the address says nothing.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long COMMIT may take: a standby that has to confirm it may never do so.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(30);

/// Statements kept prepared; more than one pass uses. Some texts hold numbers.
const STATEMENT_CACHE: usize = 256;

/// An open session.
pub(in crate::store) struct Session {
    client: Arc<Client>,
    address: Arc<Address>,
    facts: Facts,
    prepared: RefCell<HashMap<String, Statement>>,
    /// That the server has warned of something since this was last looked at.
    has_warned: Arc<AtomicBool>,
    pending: Pending,
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
        let session = Self {
            client: Arc::new(client),
            address: Arc::clone(address),
            facts,
            prepared: RefCell::default(),
            has_warned,
            pending: Pending::default(),
        };
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
        f: impl FnMut(Cells<'_>) -> Result<ControlFlow<()>, E>,
    ) -> Result<Result<(), E>, Error> {
        self.query_with(sql, bound(params), f)
    }

    pub(super) fn query_with<P: BorrowToSql, E>(
        &self,
        sql: &str,
        params: impl ExactSizeIterator<Item = P>,
        mut f: impl FnMut(Cells<'_>) -> Result<ControlFlow<()>, E>,
    ) -> Result<Result<(), E>, Error> {
        let statement = self.prepared(sql)?;
        let rows = self.answered(wait(self.client.query_raw(&statement, params)))?;
        let mut rows = pin!(rows);
        let mut outcome = Ok(ControlFlow::Continue(()));
        // To its end in any case: the last of the answer says whether the statement succeeded.
        while let Some(row) = wait(rows.next()) {
            let row = self.answered(row)?;
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
        self.ensure_begun()?;
        let statement = self.prepared(sql)?;
        self.answered(wait(self.client.execute_raw(&statement, bound(params))))
    }

    /// Sends a statement; how it went is looked at with the answer of a later one, or with that of COMMIT.
    pub(in crate::store) fn write(&self, sql: &str, params: &[Value<'_>]) -> Result<(), Error> {
        self.ensure_begun()?;
        let statement = self.prepared(sql)?;
        let params = encoded(params, statement.params()).map_err(|source| Error::Statement { source })?;
        let client = Arc::clone(&self.client);
        let is_full = self.pending.send(async move { client.execute_raw(&statement, params).await.map(drop) });
        if is_full { self.answered(Ok(())) } else { Ok(()) }
    }

    pub(super) const fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// Runs several statements of a schema, without parameters.
    pub(in crate::store) fn execute_schema(&self, sql: &str) -> Result<(), Error> {
        self.run(&dialect::schema(sql))
    }

    /// Runs statements of the engine's own.
    pub(super) fn run(&self, sql: &str) -> Result<(), Error> {
        self.answered(wait(self.client.batch_execute(sql)))
    }

    /// Begins a transaction; its first statement follows at once.
    pub(super) fn send_begin(&self, sql: &str) {
        let (client, sql) = (Arc::clone(&self.client), sql.to_owned());
        self.pending.begin(async move { client.batch_execute(&sql).await });
    }

    /// Before a statement that would be done for good outside of a transaction. One that reads may follow at once, and so
    /// may the renewal of a lease.
    pub(super) fn ensure_begun(&self) -> Result<(), Error> {
        if self.pending.is_beginning() { self.answered(Ok(())) } else { Ok(()) }
    }

    /// Whether all that was sent so far has succeeded.
    pub(super) fn settle(&self) -> Result<(), Error> {
        if self.pending.is_empty() { Ok(()) } else { self.answered(Ok(())) }
    }

    /// Undoes the transaction, without waiting for the answer.
    pub(super) fn roll_back(&self) {
        self.pending.forget();
        send(self.client.batch_execute("ROLLBACK"));
    }

    /// The answer, unless a request before it failed: then it only follows from that.
    pub(super) fn answered<T>(&self, answer: Result<T, tokio_postgres::Error>) -> Result<T, Error> {
        let earlier = self.pending.settle();
        earlier.and(answer).map_err(|error| self.fault(error))
    }

    pub(super) fn commit(&self) -> Committed {
        self.has_warned.store(false, Ordering::Relaxed);
        let Some(answer) = wait_for(self.client.batch_execute("COMMIT"), COMMIT_TIMEOUT) else {
            // Never a cancel: the server would call that a success.
            return Committed::Unknown(self.unknown("it did not answer in time"));
        };
        match self.pending.settle().and(answer) {
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

    pub(super) fn prepared(&self, sql: &str) -> Result<Statement, Error> {
        if let Some(statement) = self.prepared.borrow().get(sql) {
            return Ok(statement.clone());
        }
        let text = dialect::statement(sql);
        let statement = self.answered(wait(self.client.prepare(&text)))?;
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

pub(super) fn bound<'a>(params: &'a [Value<'a>]) -> impl ExactSizeIterator<Item = Bound<'a>> {
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
