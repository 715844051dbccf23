//! `users emit | events | queue | stats` and `check users`.

mod actions;
mod check;
mod emit;
mod events;
mod queue;
#[cfg(test)]
mod samples;
mod statistics;
mod target;
#[cfg(test)]
mod tests;
mod words;

use self::actions::{DropArgs, ReplayArgs, RetryArgs};
use self::check::CheckArgs;
use self::emit::EmitArgs;
use self::events::{ListArgs, ShowArgs};
use self::queue::QueueArgs;
use self::statistics::StatsArgs;
use crate::upstreams::command::CommandSpec;

pub const COMMANDS: &[CommandSpec] = &[
    CommandSpec::group(
        "users",
        "User events and the state of their deliveries",
        "  tongbu users emit user.created --user-id 7 --username li\n  tongbu users queue",
        &[
            CommandSpec::command::<EmitArgs>(),
            CommandSpec::group(
                "events",
                "The stored events and their state at each target",
                "  tongbu users events list --state dead\n  tongbu users events retry --all",
                &[
                    CommandSpec::command::<ListArgs>(),
                    CommandSpec::command::<ShowArgs>(),
                    CommandSpec::command::<RetryArgs>(),
                    CommandSpec::command::<DropArgs>(),
                    CommandSpec::command::<ReplayArgs>(),
                ],
            ),
            CommandSpec::command::<QueueArgs>(),
            CommandSpec::command::<StatsArgs>(),
        ],
    ),
    CommandSpec::group(
        "check",
        "Compare targets with local data",
        "  tongbu check users\n  tongbu check users --repair",
        &[CommandSpec::pass::<CheckArgs>()],
    ),
];
