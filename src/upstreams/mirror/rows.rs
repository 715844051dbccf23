//! Rows a scope has to speak of: those that cannot be stored, and those that came twice.

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

/// The rows that came again with other content in one reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repeated {
    pub count: u64,
    pub first: Option<String>,
}

impl Repeated {
    pub fn note(&mut self, id: &str) {
        self.count += 1;
        self.first.get_or_insert_with(|| id.to_owned());
    }

    pub fn add(&mut self, later: Self) {
        self.count += later.count;
        self.first = self.first.take().or(later.first);
    }

    pub fn warn(self, scope: &Scope<'_>) {
        let (name, count) = (scope.name, self.count);
        if let Some(id) = self.first {
            let s = ending(count);
            scope.context.warn(format!(
                "`{name}`: rows came again with other content {count} time{s}, the first is `{id}`; the later one is stored"
            ));
        }
    }
}
