//! Redis, a real one: what the target, the stream and the connection promise.

mod connection;
mod stream;
mod target;

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tongbu::secret::Secret;
use tongbu::upstreams::users::redis::{Connection, Error, Limits};

use crate::support::RedisServer;

/// Limits that no test reaches by accident.
fn limits() -> Limits {
    Limits { timeout: Duration::from_secs(60), cancel: CancellationToken::new(), deadline: None }
}

async fn connect(server: &RedisServer) -> Connection {
    connect_to(&server.url()).await.expect("the server answers")
}

async fn connect_to(url: &str) -> Result<Connection, Error> {
    connect_within(url, limits()).await
}

async fn connect_within(url: &str, limits: Limits) -> Result<Connection, Error> {
    let connection = Connection::open(&Secret::new(url.to_owned()), limits)?;
    connection.ping().await?;
    Ok(connection)
}

/// The error with everything behind it, as it is printed.
fn message(error: &Error) -> String {
    tongbu::error::full_message(error) + " " + &error.hint().unwrap_or_default()
}
