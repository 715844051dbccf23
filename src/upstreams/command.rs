//! An upstream's own commands: typed for their author, erased once.

use clap::{ArgMatches, Args};
use schemars::Schema;
use serde_json::{Value, json};

use super::error::Error;
use crate::clock::Clock;
use crate::config::Config;
use crate::present::{Block, DocumentSchema, Json, Listing, ListingSpec, Output, Paging, Style};
use crate::store::{Component, Location, Mode, RecordId, Store, StoreOptions};

/// What a command works with.
pub struct CommandContext<'a> {
    pub config: &'a Config,
    /// The database, which need not exist.
    pub database: &'a Location,
    pub clock: &'a Clock,
    /// The person's language and time zone.
    pub style: &'a Style,
    /// What the store has to hold for every upstream.
    pub components: fn() -> Vec<Component>,
    /// Says something that does not change the outcome, at once.
    pub warn: &'a dyn Fn(&str),
}

/// What a command answers.
pub enum Answer {
    Output(Box<dyn Output>),
    /// No run has made a database yet; a program gets this empty output.
    NoDatabase(Box<dyn Output>),
}

impl<O: Output + 'static> From<O> for Answer {
    fn from(output: O) -> Self {
        Self::Output(Box::new(output))
    }
}

impl CommandContext<'_> {
    /// Opens the database; `ReadWrite` makes it where it is missing.
    pub fn open(&self, mode: Mode) -> Result<Store, Error> {
        Ok(self.with_rights(Store::open(self.database, self.options(mode))?, mode))
    }

    fn options(&self, mode: Mode) -> StoreOptions {
        StoreOptions { clock: self.clock.clone(), mode, components: (self.components)() }
    }

    fn with_rights(&self, store: Store, mode: Mode) -> Store {
        if let Some(rights) = self.config.settings().database_mode.filter(|_| mode == Mode::ReadWrite) {
            store.set_file_mode(rights.0);
        }
        store
    }

    /// Opens the database where it exists; `None` where no run has made one yet.
    pub fn open_existing(&self, mode: Mode) -> Result<Option<Store>, Error> {
        Ok(Store::open_existing(self.database, self.options(mode))?.map(|store| self.with_rights(store, mode)))
    }

    /// Answers from the database, or with `empty` where no run has made one yet.
    pub fn answer<O: Output + 'static>(
        &self,
        mode: Mode,
        empty: O,
        answer: impl FnOnce(&Store) -> Result<O, Error>,
    ) -> Result<Answer, Error> {
        match self.open_existing(mode)? {
            Some(store) => Ok(answer(&store)?.into()),
            None => Ok(Answer::NoDatabase(Box::new(empty))),
        }
    }
}

/// One command. Its struct's doc comment is its help; its fields are its arguments.
pub trait Command: Args {
    /// The last word of the command: `list` of `films list`.
    const NAME: &'static str;
    /// For the long help and the manual page, one a line.
    const EXAMPLES: &'static str;
    /// The documents it prints with `--json`.
    const OUTPUTS: &'static [DocumentSchema];
    /// Whether it writes to the configured log file: what changes data does.
    const IS_LOGGED: bool = false;

    fn run(self, context: &CommandContext<'_>) -> Result<Answer, Error>;
}

/// Where nothing else is wanted.
const ROWS_A_PAGE: u64 = 20;

/// Which page of a long list to show
#[derive(Clone, Copy, Debug, Args)]
pub struct PageArgs {
    /// Which page, from 1
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub page: u64,
    /// Rows a page
    #[arg(long, value_name = "N", default_value_t = ROWS_A_PAGE, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub per_page: u64,
}

impl PageArgs {
    /// The page's position where no run has made a list yet.
    pub const fn before_any_run(self) -> Paging {
        Paging { number: self.page, per_page: self.per_page, total: 0 }
    }

    /// The page's position in a list of that many rows; an error where the list ends before it.
    pub fn paging(self, total: u64) -> Result<Paging, Error> {
        let paging = Paging { number: self.page, per_page: self.per_page, total };
        let count = paging.page_count().max(1);
        if self.page <= count {
            return Ok(paging);
        }
        Err(Error::Usage {
            message: format!("there is no page {}", self.page),
            hint: Some(format!("give `--page {count}`: the last page")),
        })
    }
}

/// Which page of a list to show that is shown as a whole otherwise
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct PartArgs {
    /// Which page, from 1; the whole list by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    page: Option<u64>,
    /// Rows a page; 20 where only --page is given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000))]
    per_page: Option<u64>,
}

impl PartArgs {
    /// That page of these rows; an error where they end before it.
    pub fn cut<R: ListingSpec>(self, mut rows: Vec<R>) -> Result<Listing<R>, Error> {
        let total = rows.len() as u64;
        let per_page = self.per_page.or_else(|| self.page.map(|_| ROWS_A_PAGE)).unwrap_or_else(|| total.max(1));
        let part = PageArgs { page: self.page.unwrap_or(1), per_page };
        let paging = if rows.is_empty() { part.before_any_run() } else { part.paging(total)? };
        let begin = usize::try_from((part.page - 1).saturating_mul(per_page)).unwrap_or(usize::MAX);
        rows.drain(..begin.min(rows.len()));
        rows.truncate(usize::try_from(per_page).unwrap_or(usize::MAX));
        Ok(Listing::new(rows).with_paging(paging))
    }
}

/// A command that makes a pass with its own flags and adds something to the pass's report.
pub trait PassCommand: Args {
    const NAME: &'static str;
    const EXAMPLES: &'static str;
    /// Its document: the details' keys, then the pass's own document under `run`.
    const OUTPUT: DocumentSchema;

    /// The flags of the pass.
    fn flags(&self) -> Vec<String>;

    /// An error where it does not support `--dry-run`; called when the flag is given.
    fn refuse_dry_run(&self) -> Result<(), Error> {
        Ok(())
    }

    /// What it adds to the report of the pass, once that is over.
    fn details(&self, context: &CommandContext<'_>, record: RecordId) -> Result<Details, Error>;
}

/// Describes the pass's own document in the schema of a [`PassCommand`]: its type's `#[schemars(transform = …)]`.
pub fn describe_run(schema: &mut Schema) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("run".to_owned(), json!({"$ref": "#/$defs/sync"}));
    }
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.push("run".into());
    }
}

/// What a [`PassCommand`] adds to the report.
pub struct Details {
    /// Above the report.
    pub blocks: Vec<Block>,
    /// An object; its keys go into the document.
    pub json: Json,
}

/// A command as the rest of the program sees it.
pub struct CommandSpec {
    pub name: &'static str,
    pub examples: &'static str,
    pub kind: CommandKind,
}

/// What is behind a command's name.
pub enum CommandKind {
    Group {
        about: &'static str,
        commands: &'static [CommandSpec],
    },
    Command {
        augment: fn(clap::Command) -> clap::Command,
        outputs: &'static [DocumentSchema],
        is_logged: bool,
        run: fn(&CommandContext<'_>, &ArgMatches) -> Result<Answer, Error>,
    },
    Pass {
        augment: fn(clap::Command) -> clap::Command,
        output: DocumentSchema,
        flags: fn(&ArgMatches) -> Result<Vec<String>, Error>,
        refuse_dry_run: fn(&ArgMatches) -> Result<(), Error>,
        details: fn(&CommandContext<'_>, &ArgMatches, RecordId) -> Result<Details, Error>,
    },
}

impl CommandSpec {
    /// Commands below one word.
    pub const fn group(
        name: &'static str,
        about: &'static str,
        examples: &'static str,
        commands: &'static [Self],
    ) -> Self {
        Self { name, examples, kind: CommandKind::Group { about, commands } }
    }

    pub const fn command<C: Command>() -> Self {
        let kind = CommandKind::Command {
            augment: C::augment_args,
            outputs: C::OUTPUTS,
            is_logged: C::IS_LOGGED,
            run: |context, matches| parse::<C>(matches)?.run(context),
        };
        Self { name: C::NAME, examples: C::EXAMPLES, kind }
    }

    pub const fn pass<C: PassCommand>() -> Self {
        let kind = CommandKind::Pass {
            augment: C::augment_args,
            output: C::OUTPUT,
            flags: |matches| Ok(parse::<C>(matches)?.flags()),
            refuse_dry_run: |matches| parse::<C>(matches)?.refuse_dry_run(),
            details: |context, matches, record| parse::<C>(matches)?.details(context, record),
        };
        Self { name: C::NAME, examples: C::EXAMPLES, kind }
    }

    /// Every document that it, or a command below it, prints.
    pub fn outputs(&self) -> Vec<DocumentSchema> {
        match &self.kind {
            CommandKind::Group { commands, .. } => commands.iter().flat_map(Self::outputs).collect(),
            CommandKind::Command { outputs, .. } => outputs.to_vec(),
            CommandKind::Pass { output, .. } => vec![*output],
        }
    }
}

/// The arguments from what clap matched, whose own checks leave little that can go wrong.
pub fn parse<C: Args>(matches: &ArgMatches) -> Result<C, Error> {
    C::from_arg_matches(matches)
        .map_err(|error| Error::Usage { message: error.to_string().trim_end().to_owned(), hint: None })
}
