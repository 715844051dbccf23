//! The file as another program opens it, for tests.

use std::path::Path;

pub(in crate::store) struct RawConnection(rusqlite::Connection);

impl RawConnection {
    pub(in crate::store) fn open(path: &Path) -> Self {
        Self(rusqlite::Connection::open(path).unwrap())
    }

    pub(in crate::store) fn run(&self, sql: &str) {
        self.0.execute_batch(sql).unwrap();
    }

    pub(in crate::store) fn int(&self, sql: &str) -> i64 {
        self.0.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    pub(in crate::store) fn texts(&self, sql: &str) -> Vec<String> {
        let mut statement = self.0.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }
}
