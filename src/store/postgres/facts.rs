//! How a session is set up, and what the server says about itself in it.

use tokio_postgres::{Client, SimpleQueryMessage};

use super::socket::{ANSWER_TIMEOUT, KEEPALIVE_COUNT, KEEPALIVE_IDLE, KEEPALIVE_INTERVAL};
use super::wait::wait;

/// The schema that holds everything of ours.
pub(super) const SCHEMA: &str = "tongbu";

/// What a session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Write,
    Read,
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
    pub(super) backend: Option<String>,
}

/// Gives the session its settings and asks for the facts, in one request.
pub(super) fn set_up(client: &Client, role: Role, own_port: Option<u16>) -> Result<Facts, tokio_postgres::Error> {
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
