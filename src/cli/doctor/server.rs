//! The database on a server.

use jiff::Timestamp;

use super::database::{check_leftovers, newest_record};
use super::finding::{Check, Finding};
use crate::cli::error::Error;
use crate::cli::session::Session;
use crate::present::style::render_bytes;
use crate::store::{self, Location, Mode, ServerHealth, Store};

/// Looks at the database; answers when its newest record was made.
pub fn check_server(session: &Session, place: &Location, findings: &mut Vec<Finding>) -> Option<Timestamp> {
    match session.open_existing(place, Mode::ReadOnly) {
        Ok(None) => {
            let hint = "any `tongbu sync` makes it";
            findings.push(Finding::warning(Check::Database, format!("`{place}` has no schema `tongbu` yet"), hint));
            None
        }
        Ok(Some(store)) => {
            findings.extend(check_health(&store, place));
            findings.extend(check_leftovers(&store));
            newest_record(&store)
        }
        Err(Error::Store(error @ store::Error::Older { .. })) => {
            findings.push(Finding::warning(Check::Database, error.to_string(), error.hint().unwrap_or_default()));
            None
        }
        Err(error) => {
            findings.push(Finding::failed(Check::Database, &error.to_failure()));
            None
        }
    }
}

/// Fewer are used up when several hosts begin at once.
const SHORT_CONNECTIONS: i64 = 10;

fn check_health(store: &Store, place: &Location) -> Vec<Finding> {
    let health = match store.check_server() {
        Ok(Some(health)) => health,
        Ok(None) => return Vec::new(),
        Err(error) => return vec![Finding::failed(Check::Database, &Error::from(error).to_failure())],
    };
    let ServerHealth { version, bytes, free_connections, .. } = &health;
    let found = format!("`{place}`: {}, PostgreSQL {version}", render_bytes(*bytes));
    let database = if *free_connections < SHORT_CONNECTIONS {
        let hint = "let the server take more with `max_connections`, or end what holds them";
        Finding::warning(Check::Database, format!("{found}, connections left: {free_connections}"), hint)
    } else if !health.shows_processes {
        let hint =
            "a pooler or a translated address is in between: a run that is gone is noticed when its lease has expired";
        Finding::warning(Check::Database, found, hint)
    } else {
        Finding::ok(Check::Database, found)
    };
    vec![database, check_encryption(&health), check_rights(&health), check_durability(&health)]
}

fn check_encryption(health: &ServerHealth) -> Finding {
    if health.is_exposed {
        let hint = "give `sslmode=verify-full` in the address";
        return Finding::warning(Check::Encryption, "the connection is not encrypted", hint).of("database");
    }
    Finding::ok(Check::Encryption, "TLS, or inside this machine").of("database")
}

fn check_rights(health: &ServerHealth) -> Finding {
    if health.may_write {
        return Finding::ok(Check::Rights, "allowed").of("database");
    }
    let hint = "an administrator allows it: `ALTER SCHEMA tongbu OWNER TO ROLE`";
    Finding::warning(Check::Rights, "the role may read, and not write", hint).of("database")
}

fn check_durability(health: &ServerHealth) -> Finding {
    let found = format!("`synchronous_commit` is `{}`", health.synchronous_commit);
    if health.synchronous_commit == "off" {
        let hint =
            "what was acknowledged last is lost with the server's power: `ALTER ROLE … SET synchronous_commit = on`";
        return Finding::warning(Check::Durability, found, hint).of("database");
    }
    Finding::ok(Check::Durability, found).of("database")
}
