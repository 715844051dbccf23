//! Translates the driver's errors into what the operator can do about them.

use std::path::Path;

use rusqlite::ErrorCode;
use rustix::fs::{Access, access};
use rustix::io::Errno;

use crate::store::error::Error;
use crate::store::space;

/// With less than this left, an I/O error means a full disk: quotas and shared-memory files do not say so themselves.
const FULL_BELOW_BYTES: u64 = 256 * 1024;

pub(super) fn translate(error: rusqlite::Error, path: &Path) -> Error {
    let code = error.sqlite_error_code();
    let source = Box::new(error);
    let path = path.to_owned();
    let Some(code) = code else { return Error::Statement { source } };
    let is_access = matches!(
        code,
        ErrorCode::ReadOnly | ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::PermissionDenied
    );
    if let Some(folder) = path.parent().filter(|folder| is_access && is_unwritable(folder)) {
        return Error::Folder { folder: folder.to_owned(), path, source };
    }
    match code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => {
            Error::Busy { path, source }
        }
        ErrorCode::ReadOnly => Error::ReadOnly { path, source },
        ErrorCode::DiskFull => Error::Full { free: space::available(&path), path, source },
        ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
            match space::available(&path) {
                Some(free) if free < FULL_BELOW_BYTES => Error::Full { free: Some(free), path, source },
                _ if code == ErrorCode::SystemIoFailure => Error::Disk { path, source },
                _ => Error::Io { path, source },
            }
        }
        ErrorCode::DatabaseCorrupt => Error::Corrupt { path, source },
        ErrorCode::NotADatabase => Error::NotOurs { path, what: "no SQLite database".to_owned() },
        ErrorCode::OutOfMemory | ErrorCode::OperationInterrupted | ErrorCode::NoLargeFileSupport => {
            Error::Engine { database: path.into(), source }
        }
        ErrorCode::InternalMalfunction
        | ErrorCode::OperationAborted
        | ErrorCode::NotFound
        | ErrorCode::SchemaChanged
        | ErrorCode::TooBig
        | ErrorCode::ConstraintViolation
        | ErrorCode::TypeMismatch
        | ErrorCode::ApiMisuse
        | ErrorCode::AuthorizationForStatementDenied
        | ErrorCode::ParameterOutOfRange
        | ErrorCode::Unknown => Error::Statement { source },
        // The driver may learn new codes.
        _ => Error::Engine { database: path.into(), source },
    }
}

/// Whether the operating system refuses new files there: the engine needs some beside the database.
fn is_unwritable(folder: &Path) -> bool {
    let denied = || access(folder, Access::WRITE_OK | Access::EXEC_OK).err();
    folder.is_dir() && matches!(denied(), Some(Errno::ACCESS | Errno::PERM | Errno::ROFS))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rusqlite::ffi;

    use super::translate;
    use crate::error::Class;

    fn check(code: i32, words: &str, class: Class) {
        let raw = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        let error = translate(raw, Path::new("/tmp/x/tongbu.db"));
        assert!(error.to_string().contains(words), "{code}: {error}");
        assert_eq!(error.class(), class, "{code}");
        assert!(!error.to_string().contains('\n'));
    }

    #[test]
    fn engine_codes_become_errors_with_a_class() {
        check(ffi::SQLITE_BUSY, "keeps it busy", Class::Database);
        check(ffi::SQLITE_BUSY_SNAPSHOT, "keeps it busy", Class::Database);
        check(ffi::SQLITE_LOCKED, "keeps it busy", Class::Database);
        check(ffi::SQLITE_PROTOCOL, "keeps it busy", Class::Database);
        check(ffi::SQLITE_READONLY_DIRECTORY, "read-only", Class::Database);
        check(ffi::SQLITE_FULL, "disk is full (", Class::Database);
        check(ffi::SQLITE_IOERR_FSYNC, "`/tmp/x/tongbu.db`: the disk failed", Class::Database);
        check(ffi::SQLITE_CANTOPEN, "cannot access", Class::Database);
        check(ffi::SQLITE_CORRUPT_INDEX, "damaged", Class::Database);
        check(ffi::SQLITE_NOTADB, "no SQLite database", Class::Database);
        check(ffi::SQLITE_NOMEM, "engine failed", Class::Database);
        check(ffi::SQLITE_ERROR, "cannot run a statement", Class::Internal);
        check(ffi::SQLITE_CONSTRAINT_UNIQUE, "cannot run a statement", Class::Internal);
    }
}
