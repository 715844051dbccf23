//! What a scope has to say of its rows: which cannot be stored, which came twice, and which were no text.

use crate::error::Class;
use crate::store::ProblemDetails;
use crate::text::ending;
use crate::upstreams::Scope;

/// A row, or why it cannot be stored.
pub type ReadRow<T> = Result<T, BadRow>;

/// A row that cannot be stored, with what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    pub id: Option<String>,
    pub name: Option<String>,
    pub reason: String,
}

impl BadRow {
    /// Fails the row alone; the scope goes on. `details` are what the upstream adds under its own names.
    pub fn report(self, scope: &Scope<'_>, details: ProblemDetails) {
        scope.problem_with(Class::Contract, self.id, self.name, self.reason, details);
    }
}

/// What is odd about the rows of a reading, though each of them was stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remarks {
    /// The rows that came again with other content.
    pub repeated_count: u64,
    /// The id of the first of these.
    pub repeated: Option<String>,
    /// An answer held bytes that are no text.
    pub is_garbled: bool,
}

impl Remarks {
    pub fn note_repeated(&mut self, id: &str) {
        self.repeated_count += 1;
        self.repeated.get_or_insert_with(|| id.to_owned());
    }

    pub fn add(&mut self, later: Self) {
        self.repeated_count += later.repeated_count;
        self.repeated = self.repeated.take().or(later.repeated);
        self.is_garbled |= later.is_garbled;
    }

    pub fn warn(self, scope: &Scope<'_>) {
        let (name, count) = (scope.name, self.repeated_count);
        if self.is_garbled {
            scope.context.warn(format!(
                "`{name}`: an answer holds bytes that are not UTF-8, each was stored as U+FFFD; the upstream has to name its \
                 charset in `Content-Type`"
            ));
        }
        if let Some(id) = self.repeated {
            let s = ending(count);
            scope.context.warn(format!(
                "`{name}`: rows came again with other content {count} time{s}, the first is `{id}`; the later one is stored"
            ));
        }
    }
}
