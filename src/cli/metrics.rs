//! `metrics`.

use super::error::Error;
use super::session::{LogTo, Session};
use crate::exit::Exit;
use crate::run;
use crate::store::Mode;

/// Prints the state of each sync as `OpenMetrics` text; none where there is no database yet.
pub fn cmd_metrics(session: &mut Session) -> Result<Exit, Error> {
    if session.ui.is_json() {
        // A program that expects a document must not get other text instead.
        return Err(Error::Usage {
            message: "`metrics` has one format, OpenMetrics text, and none for `--json`".to_owned(),
            hint: "the same as JSON: `tongbu status --json`".to_owned(),
        });
    }
    let config = session.load_config(LogTo::FlagOnly)?;
    let database = session.database(&config)?;
    let text = match session.open_existing(&database, Mode::ReadOnly)? {
        Some(store) => run::render_metrics(&store)?,
        None => run::render_no_metrics(),
    };
    session.ui.verbatim(&text);
    Ok(Exit::Ok)
}
