//! Fairing, faked: survey questions and responses of two accounts, whole or in pages.

mod answer;
mod kind;
mod model;
mod question;
mod response;
mod set;
mod template;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::routing::get;
use toml::{Table, Value};

pub use self::answer::write_whole;
pub use self::kind::Kind;
use self::model::State;
pub use self::model::{Account, Auth, End, Shape, Style};
pub use self::set::Set;
pub use self::template::Layout;
use crate::sandbox::builder::SandboxBuilder;
use crate::sandbox::home::Home;
use crate::sandbox::server::FakeServer;

const QUESTION_COUNT: u64 = 40;
/// The second account is smaller, so that the two differ.
const SECOND_SHARE: u64 = 10;

/// The running fake.
pub struct Fairing {
    server: FakeServer,
    base_url: String,
    state: Arc<Mutex<State>>,
}

impl Fairing {
    pub const NAME: &'static str = "fairing";
    /// The names of its accounts.
    pub const ACCOUNTS: [&'static str; 2] = ["shop-eu", "shop-us"];

    pub fn start(builder: &mut SandboxBuilder<'_>) -> Self {
        let (seed, clock) = (builder.settings.seed, builder.settings.clock);
        let accounts =
            Self::ACCOUNTS.into_iter().zip([builder.settings.responses, builder.settings.responses / SECOND_SHARE]);
        let accounts = accounts.enumerate().map(|(index, (name, count))| {
            let seed = seed.wrapping_add(index as u64);
            Account {
                name,
                token: format!("fairing-{name}-key-{seed:08x}"),
                questions: Arc::new(Set::new(Kind::Questions, seed, QUESTION_COUNT, clock)),
                responses: Arc::new(Set::new(Kind::Responses, seed, count, clock)),
            }
        });
        let style =
            Style { shape: Shape::Whole, auth: Auth::Raw, max_limit: 1000, end: End::Null, ignores_filter: false };
        let state = Arc::new(Mutex::new(State { style, accounts: accounts.collect() }));
        let router = Router::new()
            .route("/api/questions", get(answer::questions))
            .route("/api/responses", get(answer::responses))
            .with_state(Arc::clone(&state));
        let (server, base_url) = builder.serve(router);
        Self { server, base_url, state }
    }

    pub const fn server(&self) -> &FakeServer {
        &self.server
    }

    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Its part of the configuration. Every pass is due at once; credentials are files in the home.
    pub fn section(&self, home: &Home) -> Table {
        let state = self.state();
        let accounts = state.accounts.iter().map(|account| {
            let token = home.secret(account.name, &account.token);
            Value::Table(Table::from_iter([("name".to_owned(), account.name.into()), ("token".to_owned(), token)]))
        });
        let accounts = Value::Array(accounts.collect());
        Table::from_iter([
            ("base_url".to_owned(), self.base_url.as_str().into()),
            ("min_interval".to_owned(), "0s".into()),
            ("accounts".to_owned(), accounts),
        ])
    }

    /// Changes how it answers.
    pub fn style(&self, change: impl FnOnce(&mut Style)) {
        change(&mut self.state().style);
    }

    /// Changes the rows of an account; an answer under way keeps the old ones.
    pub fn change(&self, account: &str, kind: Kind, change: impl FnOnce(&mut Set)) {
        change(Arc::make_mut(self.state().account(account).set_mut(kind)));
    }

    /// The rows of an account as they are now.
    pub fn set(&self, account: &str, kind: Kind) -> Arc<Set> {
        Arc::clone(self.state().account(account).set_mut(kind))
    }

    /// How many responses all accounts have.
    pub fn response_count(&self) -> u64 {
        self.state().accounts.iter().map(|account| account.responses.live()).sum()
    }

    pub fn token(&self, account: &str) -> String {
        self.state().account(account).token.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
