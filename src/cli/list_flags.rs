//! The flags of every command that answers with a list.

use clap::{ArgMatches, Args, Command, ValueEnum};

use crate::present::DocumentSchema;
use crate::ui::OutputOptions;

/// What a list is printed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shape {
    Table,
    Csv,
    Json,
}

// A doc comment would become what the command is about.
#[derive(Debug, Args)]
struct ListFlags {
    /// Print the list as this
    #[arg(id = "shape", short = 'o', long = "output", value_enum, value_name = "FORMAT", conflicts_with = "json")]
    shape: Option<Shape>,
    /// Show every column, however wide that is
    #[arg(long)]
    wide: bool,
}

/// Adds them to a command that prints these documents, where one of them is a list.
pub fn augment(command: Command, documents: &[DocumentSchema]) -> Command {
    if documents.iter().any(DocumentSchema::is_list) { ListFlags::augment_args(command) } else { command }
}

/// The options, with what the flags of the command say.
pub fn apply(options: OutputOptions, matches: &ArgMatches) -> OutputOptions {
    let mut own = matches;
    while let Some((_, inner)) = own.subcommand() {
        own = inner;
    }
    let shape = own.try_get_one::<Shape>("shape").ok().flatten();
    OutputOptions {
        json: options.json || shape == Some(&Shape::Json),
        csv: shape == Some(&Shape::Csv),
        wide: own.try_get_one("wide").ok().flatten().copied().unwrap_or_default(),
        ..options
    }
}
