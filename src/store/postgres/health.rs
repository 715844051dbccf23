//! What the server says about its state.

use crate::store::error::Error;
use crate::store::statement::Reader;

/// The state of a database server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerHealth {
    pub version: String,
    pub bytes: u64,
    /// Whether others could read what goes to another machine.
    pub is_exposed: bool,
    /// Whether its list of processes shows that a run is gone: not behind a pooler.
    pub shows_processes: bool,
    /// Whether this role may upgrade and write the schema.
    pub may_write: bool,
    /// `on` unless acknowledged rows may be lost with the server's power.
    pub synchronous_commit: String,
    /// Connections that others have left.
    pub free_connections: i64,
}

/// Asks the server.
pub(in crate::store) fn load(r: &Reader<'_>) -> Result<Option<ServerHealth>, Error> {
    r.first(
        "SELECT current_setting('server_version'),
                pg_database_size(current_database()),
                inet_client_addr() <> inet_server_addr() AND NOT COALESCE(
                    (SELECT s.ssl FROM pg_catalog.pg_stat_ssl AS s WHERE s.pid = pg_backend_pid()), FALSE),
                has_schema_privilege(current_schema(), 'CREATE')
                    AND has_table_privilege('sync_records', 'INSERT, UPDATE, DELETE'),
                current_setting('synchronous_commit'),
                CAST(current_setting('max_connections') AS BIGINT)
                    - (SELECT CAST(SUM(d.numbackends) AS BIGINT) FROM pg_catalog.pg_stat_database AS d)",
        &[],
        |row| {
            Ok(ServerHealth {
                version: row.text(0)?.to_owned(),
                bytes: row.count(1)?,
                is_exposed: row.opt_int(2)? == Some(1),
                shows_processes: r.backend().is_some(),
                may_write: row.flag(3)?,
                synchronous_commit: row.text(4)?.to_owned(),
                free_connections: row.int(5)?,
            })
        },
    )
}
