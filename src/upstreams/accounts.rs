//! The accounts of a section (of `users`: its targets): how they are named, opened and chosen.

use std::sync::Arc;

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

use super::error::{Error, UpstreamSpecific};
use super::names::unknown_name;
use super::scope::{Scope, ScopeWork};
use super::upstream::Verified;
use crate::config::SecretRef;
use crate::text;

/// One entry of a section's list of accounts.
pub trait AccountSettings {
    /// The list's key in the section.
    const KEY: &'static str = "accounts";
    /// What messages call an entry.
    const NOUN: &'static str = "account";

    fn name(&self) -> &str;

    fn is_enabled(&self) -> bool {
        true
    }
}

/// An account that a token opens.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TokenAccount {
    pub name: String,
    pub token: SecretRef,
}

impl AccountSettings for TokenAccount {
    fn name(&self) -> &str {
        &self.name
    }
}

/// The flag that chooses accounts.
#[derive(Clone, Debug, clap::Args)]
pub struct AccountFlag {
    /// Only this account (may be repeated); all configured ones by default
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,
}

/// An account that is opened, or the reason why this run cannot use it.
pub struct Account<T> {
    pub name: String,
    opened: Result<T, Arc<Error>>,
}

/// The enabled accounts of a section, in the configuration's order.
pub struct Accounts<T> {
    noun: &'static str,
    list: Vec<Account<T>>,
}

impl<T> Account<T> {
    pub fn opened(&self) -> Result<&T, Arc<Error>> {
        self.opened.as_ref().map_err(Arc::clone)
    }
}

impl<T> Accounts<T> {
    /// Checks the names and opens every enabled account; `open` gets its settings and their dotted key. An account that
    /// cannot be opened fails alone: it is an error here only where no other can be opened either.
    pub fn open<S: AccountSettings>(
        section: &'static str,
        settings: &[S],
        open: impl Fn(&S, &str) -> Result<T, Error>,
    ) -> Result<Self, Error> {
        check_names(section, settings)?;
        let enabled = settings.iter().enumerate().filter(|(_, account)| account.is_enabled());
        let list: Vec<Account<T>> = enabled
            .map(|(index, account)| Account {
                name: account.name().to_owned(),
                opened: open(account, &format!("{section}.{}[{index}]", S::KEY)).map_err(Arc::new),
            })
            .collect();
        let accounts = Self { noun: S::NOUN, list };
        if accounts.list.is_empty() {
            let reason = format!(
                "no {} is enabled: name one under `[[{section}.{}]]` in the file that `tongbu config path` shows",
                S::NOUN,
                S::KEY
            );
            let error = Error::invalid(&format!("{section}.{}", S::KEY), reason);
            let hint = Some("see what is configured with `tongbu config show`".to_owned());
            return Err(UpstreamSpecific { class: error.class(), hint, error: Box::new(error) }.into());
        }
        if accounts.iter().all(|account| account.opened.is_err()) {
            accounts.check()?;
        }
        Ok(accounts)
    }

    /// The first error of an account that could not be opened.
    pub fn check(&self) -> Result<(), Error> {
        self.iter().try_for_each(|account| account.opened().map(drop).map_err(Error::Shared))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Account<T>> {
        self.list.iter()
    }

    /// The accounts of these names, all where none is named; in the configuration's order.
    pub fn select(&self, names: &[String]) -> Result<Vec<&Account<T>>, Error> {
        let known: Vec<&str> = self.iter().map(|account| account.name.as_str()).collect();
        if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
            return Err(unknown_name(self.noun, unknown, "enabled", &known));
        }
        Ok(self.iter().filter(|account| names.is_empty() || names.contains(&account.name)).collect())
    }
}

/// The work of a scope whose account could not be opened, or whose plan failed: it fails, and no other does.
impl<W: ScopeWork> ScopeWork for Result<W, Arc<Error>> {
    async fn run(&self, scope: &Scope<'_>) -> Result<(), Error> {
        match self {
            Ok(work) => work.run(scope).await,
            Err(error) => Err(Error::Shared(Arc::clone(error))),
        }
    }

    fn parts(&self) -> Option<Vec<String>> {
        self.as_ref().ok()?.parts()
    }
}

/// One check per account, all at once.
pub async fn verify<'a, T: 'a, F: Future<Output = Result<(), Error>>>(
    accounts: impl Iterator<Item = &'a Account<T>>,
    check: impl Fn(&'a str, &'a T) -> F,
) -> Vec<Verified> {
    let checks = accounts.map(|account| {
        let check = account.opened().map(|opened| check(&account.name, opened));
        async move {
            let outcome = match check {
                Ok(check) => check.await,
                Err(error) => Err(Error::Shared(error)),
            };
            Verified::credential(account.name.clone(), outcome)
        }
    });
    join_all(checks).await
}

/// A name becomes part of scope names and labels, and `--account NAME` has to find it.
fn check_names<S: AccountSettings>(section: &str, settings: &[S]) -> Result<(), Error> {
    for (index, account) in settings.iter().enumerate() {
        let name = account.name();
        let fault = if name.is_empty() {
            "must not be empty".to_owned()
        } else if name.contains('/') {
            "must not hold a `/`: it becomes part of a scope's name".to_owned()
        } else if text::safe(name) != name {
            "must not hold control or invisible characters".to_owned()
        } else if name.trim() != name {
            "must not begin or end with a blank".to_owned()
        } else if settings[..index].iter().any(|other| other.name() == name) {
            format!("duplicate name `{name}`")
        } else {
            continue;
        };
        return Err(Error::invalid(&format!("{section}.{}[{index}].name", S::KEY), fault));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{AccountSettings, Accounts};
    use crate::error::Class;
    use crate::upstreams::Error;

    struct Settings(&'static str);

    impl AccountSettings for Settings {
        fn name(&self) -> &str {
            self.0
        }

        fn is_enabled(&self) -> bool {
            !self.0.starts_with("off")
        }
    }

    /// Opens accounts of these names; those that begin with `bad` cannot be opened.
    fn open(names: &[&'static str]) -> Result<Accounts<usize>, Error> {
        let settings: Vec<_> = names.iter().copied().map(Settings).collect();
        Accounts::open("ecs", &settings, |account, key| match account.0.strip_prefix("bad") {
            Some(_) => Err(Error::invalid(key, "is empty")),
            None => Ok(account.0.len()),
        })
    }

    fn check(names: &[&'static str], expected: &str) {
        let error = open(names).map(|_| ()).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.class()), (expected, Class::Config), "{names:?}");
    }

    #[test]
    fn bad_name_is_refused_by_its_key() {
        check(&["a", ""], "`ecs.accounts[1].name`: must not be empty");
        check(&["a/b"], "`ecs.accounts[0].name`: must not hold a `/`: it becomes part of a scope's name");
        for hidden in ["a\n", "a\u{9b}", "a\u{202e}b", "\u{feff}a"] {
            check(&[hidden], "`ecs.accounts[0].name`: must not hold control or invisible characters");
        }
        for blank in [" a", "a ", "\u{3000}a"] {
            check(&["b", blank], "`ecs.accounts[1].name`: must not begin or end with a blank");
        }
        check(&["a", "off", "a"], "`ecs.accounts[2].name`: duplicate name `a`");
        check(&["off", "off"], "`ecs.accounts[1].name`: duplicate name `off`");
        assert!(open(&["a", "商店 1", "a.b-c_d"]).is_ok());
    }

    #[test]
    fn account_that_cannot_be_opened_fails_alone_unless_all_do() {
        let accounts = open(&["bad", "a", "off"]).unwrap();
        let opened: Vec<_> =
            accounts.iter().map(|account| account.opened().map_err(|error| error.to_string())).collect();
        assert_eq!(opened, [Err("`ecs.accounts[0]`: is empty".to_owned()), Ok(&1)]);
        assert_eq!(accounts.check().unwrap_err().class(), Class::Config);
        assert!(open(&["a", "off"]).unwrap().check().is_ok());
        check(&["off", "bad", "bad2"], "`ecs.accounts[1]`: is empty");
        check(
            &["off"],
            "`ecs.accounts`: no account is enabled: name one under `[[ecs.accounts]]` in the file that `tongbu config \
             path` shows",
        );
    }

    #[test]
    fn unknown_name_is_a_usage_error_that_names_the_nearest() {
        let accounts = open(&["shop-us", "shop-eu", "off"]).unwrap();
        let select = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            accounts.select(&names).map(|chosen| chosen.iter().map(|account| account.name.clone()).collect::<Vec<_>>())
        };
        assert_eq!(select(&[]).unwrap(), ["shop-us", "shop-eu"]);
        assert_eq!(select(&["shop-eu", "shop-us", "shop-eu"]).unwrap(), ["shop-us", "shop-eu"]);
        for (name, hint) in [
            ("shop-eo", "did you mean `shop-eu`? enabled accounts: `shop-us`, `shop-eu`"),
            ("off", "enabled accounts: `shop-us`, `shop-eu`"),
        ] {
            let error = select(&["shop-us", name]).unwrap_err();
            assert_eq!((error.class(), error.to_string()), (Class::Usage, format!("no account `{name}` is enabled")));
            assert_eq!(error.hint(), hint);
        }
    }
}
