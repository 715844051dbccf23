//! What Fairing has, and how it answers.

use std::sync::Arc;

use super::kind::Kind;
use super::set::Set;

/// What the documentation leaves open, or what other installations do.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub shape: Shape,
    pub auth: Auth,
    /// A larger `limit` is answered with 422.
    pub max_limit: u64,
    pub end: End,
    /// `updated_at_min` and `sort` are accepted and change nothing, as on the old API.
    pub ignores_filter: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `{"data":[…]}` with everything in it.
    Whole,
    /// `[…]`.
    Bare,
    /// `{"data":[…],"next":…,"prev":…}`, whose URLs name the public host.
    Pages,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    Raw,
    Bearer,
}

/// The value of `next` on the last page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Null,
    Absent,
    EmptyText,
    /// A further page, which is empty.
    OneMore,
    /// The page itself.
    Itself,
    /// A URL never seen before that brings the same rows again.
    SameRows,
}

/// One account with its rows.
pub struct Account {
    pub name: &'static str,
    pub token: String,
    pub questions: Arc<Set>,
    pub responses: Arc<Set>,
}

/// Everything it answers from.
pub struct State {
    pub style: Style,
    pub accounts: Vec<Account>,
}

impl State {
    pub fn account(&mut self, name: &str) -> &mut Account {
        let account = self.accounts.iter_mut().find(|account| account.name == name);
        account.unwrap_or_else(|| panic!("the fake has no account `{name}`"))
    }
}

impl Account {
    pub const fn set_mut(&mut self, kind: Kind) -> &mut Arc<Set> {
        match kind {
            Kind::Questions => &mut self.questions,
            Kind::Responses => &mut self.responses,
        }
    }
}
