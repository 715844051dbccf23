//! Identifies a file by its first bytes: a file that is not ours is refused before the engine opens it.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use crate::store::error::Error;

/// `tong` in ASCII: marks a database file as ours.
pub(super) const APPLICATION_ID: i32 = 0x746f_6e67;

/// Rises when an older tongbu could misread what a newer one stores, whatever the migrations say.
pub(super) const FORMAT: i32 = 1;

/// The header's length, <https://www.sqlite.org/fileformat2.html#the_database_header>.
const HEADER_BYTES: usize = 100;
const MAGIC: &[u8] = b"SQLite format 3\0";

/// The newest file format this engine writes (2 means WAL).
const NEWEST_FILE_FORMAT: u8 = 2;

/// What is at a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    Nothing,
    /// An empty file, by its real path.
    Empty(PathBuf),
    /// A database file of ours, by its real path.
    Ours(PathBuf),
}

/// Identifies a file without opening it as a database.
pub(super) fn inspect(path: &Path) -> Result<FileKind, Error> {
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(FileKind::Nothing),
        Err(error) => return Err(Error::io(path)(error)),
    };
    let refuse = |what: &str| Error::NotOurs { path: path.to_owned(), what: what.to_owned() };
    if let Some(what) = special_kind(&metadata) {
        return Err(refuse(what));
    }
    let real = path.canonicalize().map_err(Error::io(path))?;
    let mut first = Vec::with_capacity(HEADER_BYTES);
    let file = File::open(&real).map_err(Error::io(path))?;
    file.take(HEADER_BYTES as u64).read_to_end(&mut first).map_err(Error::io(path))?;
    match classify(&first) {
        HeaderKind::Empty => Ok(FileKind::Empty(real)),
        HeaderKind::Ours => Ok(FileKind::Ours(real)),
        HeaderKind::NotOurs(what) => Err(refuse(&what)),
        HeaderKind::Newer(what) => Err(Error::Newer { database: path.into(), what }),
    }
}

fn special_kind(metadata: &Metadata) -> Option<&'static str> {
    let kind = metadata.file_type();
    if kind.is_file() {
        None
    } else if kind.is_dir() {
        Some("a directory")
    } else if kind.is_fifo() {
        Some("a named pipe")
    } else if kind.is_socket() {
        Some("a socket")
    } else {
        Some("a device")
    }
}

#[derive(Debug, PartialEq, Eq)]
enum HeaderKind {
    Empty,
    Ours,
    NotOurs(String),
    Newer(String),
}

/// Classifies a file by its first bytes. Ours has its mark from the first write on, before it can have a WAL, so the
/// header alone is enough.
fn classify(first: &[u8]) -> HeaderKind {
    if first.is_empty() {
        return HeaderKind::Empty;
    }
    if !first.starts_with(MAGIC) {
        return HeaderKind::NotOurs(kind_of(first).to_owned());
    }
    let number =
        |at: usize| first.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, i32::from_be_bytes);
    if first.len() < HEADER_BYTES {
        return HeaderKind::NotOurs("a SQLite database cut off in its header".to_owned());
    }
    if let Some(format) = first[18..20].iter().find(|format| **format > NEWEST_FILE_FORMAT) {
        return HeaderKind::Newer(format!("file format {format}"));
    }
    classify_marks(number(68), number(60))
}

fn classify_marks(application_id: i32, user_version: i32) -> HeaderKind {
    if application_id != APPLICATION_ID {
        HeaderKind::NotOurs("the SQLite database of another program".to_owned())
    } else if user_version > FORMAT {
        HeaderKind::Newer(format!("format {user_version}"))
    } else {
        HeaderKind::Ours
    }
}

/// Checks the same marks as the engine reads them, a WAL included.
pub(super) fn check_marks(path: &Path, application_id: i32, user_version: i32) -> Result<(), Error> {
    match classify_marks(application_id, user_version) {
        HeaderKind::Newer(what) => Err(Error::Newer { database: path.into(), what }),
        HeaderKind::NotOurs(what) => Err(Error::NotOurs { path: path.to_owned(), what }),
        HeaderKind::Ours | HeaderKind::Empty => Ok(()),
    }
}

fn kind_of(first: &[u8]) -> &'static str {
    const KINDS: [(&[u8], &str); 6] = [
        (b"\x1f\x8b", "a gzip file"),
        (b"\x28\xb5\x2f\xfd", "a zstd file"),
        (b"PK\x03\x04", "a zip file"),
        (b"\x7fELF", "a program"),
        (b"** This file contains an SQLite 2.1", "a SQLite 2 database"),
        (b"\x37\x7f\x06", "the WAL of a SQLite database, not the database itself"),
    ];
    let text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace() || *byte >= 0x80;
    match KINDS.iter().find(|(start, _)| first.starts_with(start)) {
        Some((_, kind)) => kind,
        None if first.iter().all(text) => "a text file",
        None => "no SQLite database",
    }
}

#[cfg(test)]
mod tests {
    use super::{APPLICATION_ID, FORMAT, HeaderKind, MAGIC, classify};

    fn header(file_format: u8, application_id: i32, user_version: i32) -> Vec<u8> {
        let mut first = MAGIC.to_vec();
        first.resize(100, 0);
        first[18..20].fill(file_format);
        first[60..64].copy_from_slice(&user_version.to_be_bytes());
        first[68..72].copy_from_slice(&application_id.to_be_bytes());
        first
    }

    fn check(first: &[u8], expected: &str) {
        let kind = match classify(first) {
            HeaderKind::Empty => "empty".to_owned(),
            HeaderKind::Ours => "ours".to_owned(),
            HeaderKind::NotOurs(what) => what,
            HeaderKind::Newer(what) => format!("newer: {what}"),
        };
        assert_eq!(kind, expected);
    }

    #[test]
    fn a_file_is_classified_by_its_first_bytes() {
        check(b"", "empty");
        check(&header(1, APPLICATION_ID, 0), "ours");
        check(&header(2, APPLICATION_ID, FORMAT), "ours");
        check(&header(2, APPLICATION_ID, FORMAT + 1), "newer: format 2");
        check(&header(3, APPLICATION_ID, FORMAT), "newer: file format 3");
        check(&header(2, 0, 0), "the SQLite database of another program");
        check(&header(2, 7, FORMAT), "the SQLite database of another program");
        check(&header(2, APPLICATION_ID, FORMAT)[..40], "a SQLite database cut off in its header");
        check(b"\x1f\x8b\x08\0", "a gzip file");
        check("hello, 世界\n".as_bytes(), "a text file");
        check(&[0; 64], "no SQLite database");
    }
}
