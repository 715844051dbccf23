//! The `SQLite` engine: the only place that knows its driver.

use super::{Error, Value};

/// Statements that read, inside one snapshot.
pub struct Reader<'a> {
    _marker: std::marker::PhantomData<&'a ()>,
}

/// Statements that write, inside one leased transaction. Reads too, and sees its own writes.
pub struct Writer<'a> {
    reader: Reader<'a>,
}

/// One result row.
pub struct Row<'a> {
    _marker: std::marker::PhantomData<&'a ()>,
}

impl Reader<'_> {
    /// Calls `f` for each result row, without collecting them.
    pub fn for_each<E: From<Error>>(
        &self,
        _sql: &str,
        _params: &[Value<'_>],
        _f: impl FnMut(&Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        unimplemented!()
    }

    /// The result rows, mapped.
    pub fn rows<T>(
        &self,
        _sql: &str,
        _params: &[Value<'_>],
        _f: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        unimplemented!()
    }

    /// The first result row, mapped, if there is one.
    pub fn first<T>(
        &self,
        _sql: &str,
        _params: &[Value<'_>],
        _f: impl FnOnce(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        unimplemented!()
    }
}

impl Writer<'_> {
    /// Runs a statement from the prepared-statement cache; answers how many rows changed.
    pub fn execute(&self, _sql: &str, _params: &[Value<'_>]) -> Result<u64, Error> {
        unimplemented!()
    }
}

impl<'a> std::ops::Deref for Writer<'a> {
    type Target = Reader<'a>;

    fn deref(&self) -> &Reader<'a> {
        &self.reader
    }
}

impl Row<'_> {
    pub fn text(&self, _column: usize) -> Result<&str, Error> {
        unimplemented!()
    }

    pub fn opt_text(&self, _column: usize) -> Result<Option<&str>, Error> {
        unimplemented!()
    }

    pub fn int(&self, _column: usize) -> Result<i64, Error> {
        unimplemented!()
    }

    pub fn opt_int(&self, _column: usize) -> Result<Option<i64>, Error> {
        unimplemented!()
    }

    pub fn opt_real(&self, _column: usize) -> Result<Option<f64>, Error> {
        unimplemented!()
    }

    pub fn blob(&self, _column: usize) -> Result<&[u8], Error> {
        unimplemented!()
    }

    pub fn opt_blob(&self, _column: usize) -> Result<Option<&[u8]>, Error> {
        unimplemented!()
    }
}
