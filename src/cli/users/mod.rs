//! `users emit | events | queue | stats`.

mod emit;
mod events;

use clap::Subcommand;

use self::emit::EmitArgs;
use self::events::EventsArgs;
use super::error::Error;
use super::session::Session;
use crate::config::Config;
use crate::exit::Exit;
use crate::store::{Mode, Store};
use crate::ui::queue::{QueueAnswer, StatsAnswer};
use crate::upstreams::users::{self, listing};

/// What to do with user events.
#[derive(Debug, Subcommand)]
pub enum UsersArgs {
    /// Tell of something that happened to a user, or of many such things as JSON lines on stdin
    ///
    /// With `-` in the type's place every line of stdin is one JSON object with `type`, `user_id`, and perhaps `id`,
    /// `username`, `email`, `data`, `timestamp`, `source`. They are stored a thousand at a time; an event whose `id` is
    /// stored already is left out, so the same lines may be given again.
    Emit(EmitArgs),
    /// The events that are stored, and how each stands at each target
    #[command(subcommand, arg_required_else_help = true)]
    Events(EventsArgs),
    /// How much is still to be delivered
    Queue,
    /// How deliveries went
    Stats,
}

/// Answers one of the `users` commands.
pub fn cmd_users(session: &mut Session, args: UsersArgs) -> Result<Exit, Error> {
    match args {
        UsersArgs::Emit(args) => emit::cmd_emit(session, args),
        UsersArgs::Events(args) => events::cmd_events(session, args),
        UsersArgs::Queue => session.answer_from_store(Mode::ReadOnly, QueueAnswer::default(), |_, config, store| {
            let settings = settings(config)?;
            let names = target_names(&settings, store)?;
            let queues =
                store.read(|r| names.iter().map(|name| listing::load_queue(r, name)).collect::<Result<_, _>>())?;
            Ok(QueueAnswer::new(queues, &settings))
        }),
        UsersArgs::Stats => session.answer_from_store(Mode::ReadOnly, StatsAnswer::default(), |_, config, store| {
            let names = target_names(&settings(config)?, store)?;
            let stats =
                store.read(|r| names.iter().map(|name| listing::load_stats(r, name)).collect::<Result<_, _>>())?;
            Ok(StatsAnswer(stats))
        }),
    }
}

fn settings(config: &Config) -> Result<users::Config, Error> {
    Ok(config.section::<users::Config>("users")?)
}

/// The enabled targets in the configuration's order; without any, those that deliveries are kept of.
fn target_names(settings: &users::Config, store: &Store) -> Result<Vec<String>, Error> {
    let names = settings.target_names();
    if names.is_empty() { Ok(store.read(listing::load_target_names)?) } else { Ok(names) }
}
