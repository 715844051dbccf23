//! `machines list`.

use tongbu::present::{Column, DocumentSchema, Listing, ListingSpec, Text, listing, text, words};
use tongbu::store::Mode;
use tongbu::upstreams::Error;
use tongbu::upstreams::command::{Answer, Command, CommandContext, CommandSpec};

use super::tables::{Machine, load_machines};

pub const COMMANDS: &[CommandSpec] =
    &[CommandSpec::group("machines", "The stored machines", ListArgs::EXAMPLES, &[CommandSpec::command::<ListArgs>()])];

/// The machines that are stored
#[derive(clap::Args)]
struct ListArgs {}

impl Command for ListArgs {
    const NAME: &'static str = "list";
    const EXAMPLES: &'static str = "  tongbu machines list\n  tongbu machines list --json";
    const OUTPUTS: &'static [DocumentSchema] = &[Machine::SCHEMA];

    fn run(self, context: &CommandContext<'_>) -> Result<Answer, Error> {
        let empty = Listing::new(Vec::new());
        context.answer(Mode::ReadOnly, empty, |store| Ok(Listing::new(store.read(load_machines)?)))
    }
}

impl ListingSpec for Machine {
    const SCHEMA: DocumentSchema = DocumentSchema::new("tongbu.machines/1", "machines list", listing::schema::<Self>);
    const KEY: &'static str = "machines";
    const EMPTY: Text = text("no machines", "没有机器");
    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::text("account", |machine| &machine.account).titled(words::ACCOUNT),
        Column::<Self>::text("id", |machine| &machine.id).titled(words::ID),
        Column::<Self>::text("name", |machine| &machine.name).titled(words::NAME),
        Column::<Self>::integer("cores", |machine| machine.cores).titled(text("cores", "核数")),
    ];
}
