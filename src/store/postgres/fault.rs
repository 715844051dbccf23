//! Translates the driver's errors into what the operator can do about them.

use crate::store::error::Error;
use crate::store::server_error::{ServerError, Source};

/// The kind of a failure on a connection that stood.
pub(super) fn translate(error: tokio_postgres::Error, server: String) -> Error {
    if error.as_db_error().is_some() {
        return classify(&error, server).map_or_else(|source| Error::Statement { source }, Error::from);
    }
    let is_lost = error.is_closed() || is_io(&error);
    let source = Source::from(error);
    if is_lost { ServerError::Lost { server, source }.into() } else { Error::Statement { source } }
}

/// The kind of a failure to connect.
pub(super) fn translate_connect(error: tokio_postgres::Error, server: String) -> Error {
    if error.as_db_error().is_some() {
        return match classify(&error, server) {
            Ok(ServerError::Lost { server, source }) => ServerError::Unreachable { server, source }.into(),
            Ok(refused) => refused.into(),
            Err(source) => Error::Statement { source },
        };
    }
    let is_unreachable = error.is_closed() || is_io(&error);
    let source = error.into_source().unwrap_or_else(|| "the connection was closed".into());
    if is_unreachable {
        ServerError::Unreachable { server, source }.into()
    } else {
        // It is about TLS, or about a login that the client does not support.
        ServerError::Unsafe { server, source }.into()
    }
}

/// What the server itself reports; what is wrong with the statement is only its source.
fn classify(error: &tokio_postgres::Error, server: String) -> Result<ServerError, Source> {
    let (code, message) = error.as_db_error().map(|found| (found.code().code(), found.message())).unwrap_or_default();
    // The server's details may hold rows.
    let source = Source::from(format!("{message} ({code})"));
    Ok(match code {
        "3D000" => ServerError::Nowhere { server, source },
        "53100" => ServerError::Full { server, source },
        "53300" | "53400" => ServerError::Crowded { server, source },
        "55P03" | "57014" | "40001" | "40P01" => ServerError::Busy { server, source },
        "54000" => ServerError::TooLong { server, source },
        "25006" => ServerError::Standby { server },
        "42501" => ServerError::Denied { server, source },
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => ServerError::Lost { server, source },
        "XX001" | "XX002" => ServerError::Damaged { server, source },
        _ => match code.get(..2) {
            Some("08") => ServerError::Lost { server, source },
            Some("28") => ServerError::Refused { server, source },
            Some("53") => ServerError::Crowded { server, source },
            Some(_) | None => return Err(source),
        },
    })
}

fn is_io(error: &tokio_postgres::Error) -> bool {
    let source = std::error::Error::source(error);
    let io = source.and_then(|source| source.downcast_ref::<std::io::Error>());
    io.is_some_and(|io| !matches!(io.kind(), std::io::ErrorKind::InvalidData | std::io::ErrorKind::InvalidInput))
}
