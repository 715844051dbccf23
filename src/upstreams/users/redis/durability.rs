//! Whether a server still knows after a restart what it has confirmed.

use std::collections::BTreeMap;

use redis::cmd;

use super::connection::Connection;
use super::error::Error;
use crate::upstreams::Caution;

impl Connection {
    /// What is to be known about it; nothing where each change is logged, and where the server does not let us look.
    pub async fn find_caution(&self) -> Result<Option<Caution>, Error> {
        let has_log = match self.setting("appendonly").await? {
            Some(value) => value == "yes",
            // Rented servers often refuse to show their settings.
            None => match unless_refused(self.query::<String>("INFO", cmd("INFO").arg("persistence")).await)? {
                Some(info) => !info.contains("aof_enabled:0"),
                None => return Ok(None),
            },
        };
        if has_log {
            return Ok(None);
        }
        let found = match self.setting("save").await?.as_deref() {
            Some("") => "keeps nothing on disk: a restart forgets every event that it has confirmed",
            Some(_) | None => {
                "keeps snapshots at most: a crash forgets the events that it confirmed since the last one"
            }
        };
        let hint = format!("`{} config set appendonly yes`, and the same in its configuration", self.command_line());
        Ok(Some(Caution { found: found.to_owned(), hint }))
    }

    /// `None` where the server does not show it.
    async fn setting(&self, name: &'static str) -> Result<Option<String>, Error> {
        let mut command = cmd("CONFIG");
        command.arg("GET").arg(name);
        let answer = self.query::<BTreeMap<String, String>>("CONFIG", &command).await;
        Ok(unless_refused(answer)?.and_then(|mut settings| settings.remove(name)))
    }
}

fn unless_refused<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Error::Refused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
