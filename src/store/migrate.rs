//! Schema migrations per component, each recorded with its checksum.

use xxhash_rust::xxh3::xxh3_128;

use super::error::Error;
use super::statement::{Reader, Writer};
use crate::clock::{Clock, to_rfc3339_millis};

/// One step of a component's schema. Never edited once released: the checksum is compared at every open.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// `0001_create`, `0002_…`: unique and ascending inside the component.
    pub name: &'static str,
    pub sql: &'static str,
}

/// Who owns a set of tables: `core`, an upstream, or what several upstreams share.
#[derive(Clone, Copy, Debug)]
pub struct Component {
    pub name: &'static str,
    pub migrations: &'static [Migration],
}

/// The name of the only migration of a component that is one view, named like it: the program puts it together from what
/// it knows, and makes it anew where that or any table differs. Such components come last.
pub const VIEW: &str = "view";

/// The store's own tables.
pub(super) const CORE: Component = Component {
    name: "core",
    migrations: &[
        Migration { name: "0001_create", sql: include_str!("migrations/0001_create.sql") },
        Migration { name: "0002_runs", sql: include_str!("migrations/0002_runs.sql") },
        Migration { name: "0003_monitor", sql: include_str!("migrations/0003_monitor.sql") },
        Migration { name: "0004_instance", sql: include_str!("migrations/0004_instance.sql") },
        Migration { name: "0005_server", sql: include_str!("migrations/0005_server.sql") },
        Migration { name: "0006_history", sql: include_str!("migrations/0006_history.sql") },
        Migration { name: "0007_adaptive", sql: include_str!("migrations/0007_adaptive.sql") },
    ],
};

const LEDGER: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    component TEXT NOT NULL,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    applied_at TEXT NOT NULL,
    PRIMARY KEY (component, name)
) STRICT";

/// The migrations a database still needs, in order.
pub(super) struct Plan(Vec<(&'static str, Migration)>);

impl Plan {
    /// Compares what was applied with what is known. Components not named are left alone; a migration of a named one
    /// that is unknown here was written by a newer tongbu.
    pub(super) fn load(r: &Reader<'_>, components: &[Component]) -> Result<Self, Error> {
        let mut due = Vec::new();
        let has_ledger = r.has_table("schema_migrations")?;
        for component in components {
            let applied = if has_ledger { load_applied(r, component.name)? } else { Vec::new() };
            let pending = match component.migrations {
                [view] if view.is_view() => {
                    let is_current = due.is_empty() && applied.iter().any(|(_, checksum)| *checksum == view.checksum());
                    if is_current { &[] } else { component.migrations }
                }
                _ => component.pending(&applied).map_err(|mismatch| mismatch.at(r, component.name))?,
            };
            due.extend(pending.iter().map(|migration| (component.name, *migration)));
        }
        Ok(Self(due))
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Applies what is due inside the open transaction.
    pub(super) fn apply(&self, w: &Writer<'_>, clock: &Clock) -> Result<(), Error> {
        w.execute_batch(LEDGER)?;
        // A table that a view reads cannot be replaced everywhere.
        for (view, _) in self.0.iter().filter(|(_, migration)| migration.is_view()) {
            w.execute_batch(&format!("DROP VIEW IF EXISTS {view}"))?;
        }
        for (component, migration) in &self.0 {
            w.execute_batch(migration.sql)?;
            save_applied(w, component, migration, clock)?;
        }
        Ok(())
    }
}

/// How an applied migration can differ from the known one.
#[derive(Debug, PartialEq, Eq)]
enum Mismatch {
    Unknown(String),
    Edited(String),
}

impl Mismatch {
    fn at(self, r: &Reader<'_>, component: &str) -> Error {
        let database = r.location();
        match self {
            Self::Unknown(name) => Error::Newer { database, what: format!("migration `{component}/{name}`") },
            Self::Edited(migration) => Error::ChecksumMismatch { database, component: component.to_owned(), migration },
        }
    }
}

impl Component {
    /// The migrations after those applied (name and checksum, ascending), which must be the first of the known ones.
    fn pending(&self, applied: &[(String, String)]) -> Result<&'static [Migration], Mismatch> {
        for (index, (name, checksum)) in applied.iter().enumerate() {
            match self.migrations.get(index) {
                Some(known) if known.name == name && known.checksum() == *checksum => {}
                Some(known) if known.name == name => return Err(Mismatch::Edited(name.clone())),
                Some(_) | None => return Err(Mismatch::Unknown(name.clone())),
            }
        }
        Ok(&self.migrations[applied.len()..])
    }
}

impl Migration {
    fn is_view(&self) -> bool {
        self.name == VIEW
    }

    /// Guards against an edit by accident, not against an attacker.
    fn checksum(&self) -> String {
        format!("{:032x}", xxh3_128(self.sql.as_bytes()))
    }
}

fn load_applied(r: &Reader<'_>, component: &str) -> Result<Vec<(String, String)>, Error> {
    r.rows(
        "SELECT name, checksum
         FROM schema_migrations
         WHERE component = ?1
         ORDER BY name",
        &[component.into()],
        |row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned())),
    )
}

fn save_applied(w: &Writer<'_>, component: &str, migration: &Migration, clock: &Clock) -> Result<(), Error> {
    w.write(
        "INSERT INTO schema_migrations (component, name, checksum, applied_at)
         VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (component, name) DO UPDATE
         SET checksum = excluded.checksum,
             applied_at = excluded.applied_at",
        &[
            component.into(),
            migration.name.into(),
            migration.checksum().as_str().into(),
            to_rfc3339_millis(clock.now()).as_str().into(),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::{Component, Migration, Mismatch};

    const TWO: Component = Component {
        name: "sample",
        migrations: &[
            Migration { name: "0001_create", sql: "CREATE TABLE one (id INTEGER PRIMARY KEY) STRICT" },
            Migration { name: "0002_more", sql: "CREATE TABLE two (id INTEGER PRIMARY KEY) STRICT" },
        ],
    };

    fn check(applied: &[(&str, &str)], expected: Result<&[&str], Mismatch>) {
        let applied: Vec<_> = applied
            .iter()
            .map(|(name, sql)| ((*name).to_owned(), Migration { name: "", sql: Box::leak((*sql).into()) }.checksum()))
            .collect();
        let pending = TWO.pending(&applied).map(|due| due.iter().map(|step| step.name).collect::<Vec<_>>());
        assert_eq!(pending, expected.map(<[&str]>::to_vec));
    }

    #[test]
    fn migrations_after_the_applied_ones_are_pending() {
        let [one, two] = [TWO.migrations[0], TWO.migrations[1]].map(|step| (step.name, step.sql));
        check(&[], Ok(&["0001_create", "0002_more"]));
        check(&[one], Ok(&["0002_more"]));
        check(&[one, two], Ok(&[]));
        check(&[one, two, ("0003_later", "")], Err(Mismatch::Unknown("0003_later".to_owned())));
        check(&[two], Err(Mismatch::Unknown("0002_more".to_owned())));
        check(&[(one.0, "edited")], Err(Mismatch::Edited("0001_create".to_owned())));
    }
}
