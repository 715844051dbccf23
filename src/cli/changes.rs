//! `changes`: which rows the syncs changed, and how where that is kept.

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::error::Error;
use super::records::which::{Which, no_record, which};
use super::session::Session;
use crate::exit::Exit;
use crate::present::Listing;
use crate::since::Since;
use crate::store::{Mode, RecordId, Store};
use crate::upstreams;
use crate::upstreams::command::PageArgs;
use crate::upstreams::{ChangeFilter, ChangeKind, RowChange, change_sources, count_changes, load_changes};

/// Which changes to list.
#[derive(Debug, Args)]
pub struct ChangesArgs {
    /// Only of this upstream
    #[arg(value_name = "SYNC", value_parser = PossibleValuesParser::new(upstreams::names()), hide_possible_values = true)]
    sync: Option<String>,
    /// Only those of this run; by default, without --since and --id, the last one of each sync, and what people changed
    /// since
    #[arg(long, value_name = "ID|last", value_parser = which)]
    record: Option<Which>,
    /// Only those made since: 7d, 2025-10-24
    #[arg(long, value_name = "DUR|DATE", value_parser = Since::parse)]
    since: Option<Since>,
    /// Filter by what became of the row
    #[arg(long, value_enum, value_name = "KIND")]
    kind: Option<ChangeKind>,
    /// Only of the row with this id
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    #[command(flatten)]
    part: PageArgs,
}

/// Lists one page of them, the newest first.
pub fn cmd_changes(session: &mut Session, args: &ChangesArgs) -> Result<Exit, Error> {
    let listing = |changes, paging| Listing::<RowChange>::new(changes).with_paging(paging);
    let empty = listing(Vec::new(), args.part.before_any_run());
    session.output_from_store(Mode::ReadOnly, &empty, |session, _, store| {
        let (sync, records) = args.records(store)?;
        let filter = ChangeFilter {
            by_people: args.record.is_none(),
            records,
            since: args.since.map(|since| since.resolve(session.ui.clock().now(), session.ui.zone())),
            kind: args.kind,
            id: args.id.clone(),
        };
        let sources = change_sources(sync.as_deref());
        let PageArgs { page, per_page } = args.part;
        let skipped = page.saturating_sub(1).saturating_mul(per_page);
        let (changes, total) = store.read(|r| {
            let changes = load_changes(r, &sources, &filter, skipped, per_page)?;
            Ok::<_, Error>((changes, count_changes(r, &sources, &filter)?))
        })?;
        if let (0, Some(id)) = (total, &args.id) {
            let known = ChangeFilter { id: args.id.clone(), ..ChangeFilter::default() };
            if store.read(|r| count_changes(r, &sources, &known))? == 0 {
                return Err(Error::Usage {
                    message: format!("no row `{id}` is known"),
                    hint: "leave out `--id` to see the ids of what changed".to_owned(),
                });
            }
        }
        Ok(listing(changes, args.part.paging(total)?))
    })
}

/// Every change of a run.
pub fn changes_of_record(store: &Store, sync: &str, record: RecordId) -> Result<Option<Listing<RowChange>>, Error> {
    let sources = change_sources(Some(sync));
    if sources.is_empty() {
        return Ok(None);
    }
    let filter = ChangeFilter { records: Some(vec![record]), ..ChangeFilter::default() };
    Ok(Some(Listing::new(store.read(|r| load_changes(r, &sources, &filter, 0, u64::from(u32::MAX)))?)))
}

impl ChangesArgs {
    /// The sync, and the records whose changes are wanted; of any where there are none.
    fn records(&self, store: &Store) -> Result<(Option<String>, Option<Vec<RecordId>>), Error> {
        if let Some(Which::Id(id)) = self.record {
            let record = store.load_record(id)?.ok_or_else(|| no_record(Some(id)))?;
            if let Some(sync) = self.sync.as_ref().filter(|sync| **sync != record.sync) {
                return Err(Error::Usage {
                    message: format!("record {} is no run of `{sync}`", id.0),
                    hint: format!("`tongbu changes {} --record {}`", record.sync, id.0),
                });
            }
            return Ok((Some(record.sync), Some(vec![id])));
        }
        let is_last = self.record.is_some() || (self.since.is_none() && self.id.is_none());
        let records = if is_last {
            let states = store.load_states()?.into_iter();
            let own = states.filter(|state| self.sync.as_ref().is_none_or(|sync| *sync == state.sync));
            Some(own.filter_map(|state| Some(state.last?.id)).collect())
        } else {
            None
        };
        Ok((self.sync.clone(), records))
    }
}
