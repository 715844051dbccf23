//! Every exit code, with its meaning.

use std::process::ExitCode;

use strum::{IntoStaticStr, VariantArray};

use crate::error::Class;

/// How the process ends. The number is what the shell sees in `$?`; number and name are in the JSON report and in the
/// record too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case", const_into_str)]
#[repr(u8)]
pub enum Exit {
    Ok = 0,
    Internal = 1,
    Usage = 2,
    Partial = 3,
    Config = 4,
    Unavailable = 5,
    Auth = 6,
    Contract = 7,
    Guard = 8,
    Unchanged = 9,
    Deadline = 10,
    Locked = 11,
    Database = 12,
    LeaseLost = 13,
    Stale = 14,
    Hangup = 129,
    Interrupted = 130,
    Terminated = 143,
}

impl Exit {
    /// All exit codes in the order of their numbers.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The number the shell sees in `$?`.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The name beside the code in JSON and in the record.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }

    /// One sentence for `--help`, the man page and the README.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "all that was due is synced; also: nothing was due, nothing changed",
            Self::Internal => "a bug, or a panic (caught)",
            Self::Usage => "wrong command line",
            Self::Partial => "finished; some items or scopes failed, the rest is stored",
            Self::Config => "configuration or credential missing or invalid; nothing was sent",
            Self::Unavailable => {
                "upstream unreachable, failing or throttling after retries; running again later is safe"
            }
            Self::Auth => "the upstream rejected the credentials",
            Self::Contract => "the upstream refused for good, blocked us, or answered what we cannot read",
            Self::Guard => "a safety guard withheld deletions; upserts are stored",
            Self::Unchanged => "nothing changed, only with --error-on-no-change",
            Self::Deadline => "--max-runtime reached; what was committed stays",
            Self::Locked => "another run holds the lock",
            Self::Database => "the database cannot be used (busy, read-only, full, corrupt, newer, not ours)",
            Self::LeaseLost => "another run took over; nothing was written after that",
            Self::Stale => "status --max-age: the last success is too old",
            Self::Hangup => "SIGHUP: current batch finished or rolled back, lock released",
            Self::Interrupted => "SIGINT: current batch finished or rolled back, lock released",
            Self::Terminated => "SIGTERM: current batch finished or rolled back, lock released",
        }
    }

    /// The more severe of two; [`SEVERITY`] is the order.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        if other.rank() < self.rank() { other } else { self }
    }

    /// Its position in [`SEVERITY`]: the smaller, the more severe.
    pub fn rank(self) -> usize {
        SEVERITY.iter().position(|known| *known == self).unwrap_or(SEVERITY.len())
    }
}

/// From the most to the least severe: when a run or `sync all` has several causes, the first of these wins.
///
/// What endangers every later run comes first (a bug, the database), then what ended this one from outside, then what
/// needs a person, then what passes by itself.
pub const SEVERITY: [Exit; 18] = [
    Exit::Internal,
    Exit::Database,
    Exit::LeaseLost,
    Exit::Terminated,
    Exit::Interrupted,
    Exit::Hangup,
    Exit::Usage,
    Exit::Config,
    Exit::Auth,
    Exit::Guard,
    Exit::Contract,
    Exit::Deadline,
    Exit::Unavailable,
    Exit::Locked,
    Exit::Partial,
    Exit::Stale,
    Exit::Unchanged,
    Exit::Ok,
];

impl From<Class> for Exit {
    fn from(class: Class) -> Self {
        match class {
            Class::Internal => Self::Internal,
            Class::Usage => Self::Usage,
            Class::Config => Self::Config,
            Class::Unavailable => Self::Unavailable,
            Class::Auth => Self::Auth,
            Class::Contract => Self::Contract,
            Class::Guard => Self::Guard,
            Class::Deadline => Self::Deadline,
            Class::Busy => Self::Locked,
            Class::Database => Self::Database,
            Class::LeaseLost => Self::LeaseLost,
            Class::Hangup => Self::Hangup,
            Class::Interrupted => Self::Interrupted,
            Class::Terminated => Self::Terminated,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::{Exit, SEVERITY};

    #[test]
    fn severity_orders_every_exit_once() {
        for exit in Exit::ALL {
            assert_eq!(SEVERITY.iter().filter(|known| *known == exit).count(), 1, "{exit:?}");
        }
    }

    #[test]
    fn the_worst_of_two_does_not_depend_on_their_order() {
        for &one in Exit::ALL {
            for &other in Exit::ALL {
                assert_eq!(one.worst(other), other.worst(one));
            }
            assert_eq!(one.worst(Exit::Ok), one);
        }
    }
}
