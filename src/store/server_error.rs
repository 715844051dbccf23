//! What a database server refuses, and what the operator can do about it.

/// What an engine or the operating system reported.
pub(super) type Source = Box<dyn std::error::Error + Send + Sync>;

/// A failure of a database server or of the way to it.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    #[error("cannot reach the database `{server}`")]
    Unreachable { server: String, source: Source },
    #[error("lost the connection to the database `{server}`")]
    Lost { server: String, source: Source },
    /// The certificate is not the server's, or nobody's that is known.
    #[error("cannot make a safe connection to the database `{server}`")]
    Unsafe { server: String, source: Source },
    #[error("the database `{server}` refuses the login")]
    Refused { server: String, source: Source },
    #[error("there is no database at `{server}`")]
    Nowhere { server: String, source: Source },
    #[error("the database `{server}` has no connection left")]
    Crowded { server: String, source: Source },
    #[error("cannot write to the database `{server}`: another transaction keeps it busy")]
    Busy { server: String, source: Source },
    #[error("cannot write to the database `{server}`: it is a standby")]
    Standby { server: String },
    #[error("the role may not do that in the database `{server}`")]
    Denied { server: String, source: Source },
    #[error("cannot write to the database `{server}`: its disk is full")]
    Full { server: String, source: Source },
    #[error("cannot read the data on `{server}`: it is damaged")]
    Damaged { server: String, source: Source },
    /// Its limit for what an index holds.
    #[error("cannot store a row in the database `{server}`: its id is longer than the server can look up")]
    TooLong { server: String, source: Source },
    #[error("cannot use the database `{server}`: a pooler in between works in transaction mode")]
    Pooled { server: String },
    #[error("cannot use the database `{server}`: it is {found}")]
    Unfit { server: String, found: String },
    /// The answer to a COMMIT did not come, or does not say that the rows are safe.
    #[error("cannot tell whether the database `{server}` stored the last rows")]
    Unknown { server: String, source: Source },
}

impl ServerError {
    pub(super) const fn hint(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => {
                "see with `pg_isready -h HOST -p PORT` whether it answers, then run again: what was committed is kept"
            }
            Self::Lost { .. } | Self::Unknown { .. } => {
                "run again: what was committed is kept, and nothing is stored twice"
            }
            Self::Unsafe { .. } => {
                "give the authority's certificate with `sslrootcert=FILE` in the address; `sslmode` says what is checked"
            }
            Self::Refused { .. } => "see `database_password` in the configuration, and `pg_hba.conf` on the server",
            Self::Nowhere { .. } => "an administrator makes it with `createdb NAME`",
            Self::Crowded { .. } => "run again in a moment, or let the server take more with `max_connections`",
            Self::Busy { .. } => "see who writes with `tongbu locks list`, then run again",
            Self::Standby { .. } => "name the primary, or all hosts: `postgres://USER@HOST,HOST/NAME`",
            Self::Denied { .. } => {
                "an administrator allows it: `CREATE SCHEMA IF NOT EXISTS tongbu AUTHORIZATION ROLE`"
            }
            Self::Full { .. } => "make room on the server, then run again: what was committed is kept",
            Self::Damaged { .. } => "restore the server's last backup",
            Self::TooLong { .. } => "ids of up to 2,600 bytes can be stored on a server; longer ones only in a file",
            Self::Pooled { .. } => {
                "set `pool_mode = session` for this database in the pooler, or give the server's own address"
            }
            Self::Unfit { .. } => "nothing was changed; give another address with `--db`",
        }
    }
}
