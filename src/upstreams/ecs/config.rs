//! The section `[ecs]`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::provider::{Account, Credential, Provider, Template};
use super::regions::Region;
use crate::config::{Error, HttpSettings, SecretRef, Span, bounds};
use crate::upstreams::accounts::AccountSettings;

/// How the upstream is synced, and for which accounts.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Regions at once.
    #[serde(deserialize_with = "bounds::count::<1, 256, _, _>")]
    pub concurrency: usize,
    /// Requests per second, of one account to one API.
    #[serde(deserialize_with = "bounds::count::<1, 10_000, _, _>")]
    pub qps: u32,
    #[serde(deserialize_with = "bounds::lock_ttl")]
    pub lock_ttl: Span,
    /// How long a discovered list of regions serves.
    #[serde(deserialize_with = "bounds::span::<0, { bounds::YEAR }, _>")]
    pub regions_ttl: Span,
    pub accounts: Vec<AccountConfig>,
    pub http: HttpSettings,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            concurrency: 5,
            qps: 20,
            lock_ttl: Span(Duration::from_secs(30 * 60)),
            regions_ttl: Span(Duration::from_secs(24 * 60 * 60)),
            accounts: Vec::new(),
            http: HttpSettings::default(),
        }
    }
}

/// One account of one provider.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AccountConfig {
    pub name: String,
    pub provider: Provider,
    pub access_key_id: SecretRef,
    pub access_key_secret: SecretRef,
    /// Of temporary credentials.
    #[serde(default)]
    pub security_token: Option<SecretRef>,
    /// The region whose endpoint lists the regions; default per provider.
    #[serde(default)]
    pub default_region: Option<String>,
    /// Empty: all that the account has.
    #[serde(default)]
    pub regions: Vec<String>,
    /// Instead of the provider's own; `{region}` becomes the region's name.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Instead of the provider's own, where regions are listed elsewhere.
    #[serde(default)]
    pub region_endpoint: Option<String>,
    #[serde(default = "enabled")]
    pub enabled: bool,
}

const fn enabled() -> bool {
    true
}

impl Config {
    /// Checks what the types cannot; resolves nothing.
    pub fn validate(&self) -> Result<(), Error> {
        self.accounts.iter().try_for_each(AccountConfig::validate)
    }
}

impl AccountSettings for AccountConfig {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }
}

impl AccountConfig {
    /// The dotted path of one of its settings, for people.
    fn key(&self, setting: &str) -> String {
        format!("accounts.{}.{setting}", self.name)
    }

    fn validate(&self) -> Result<(), Error> {
        self.default_region()?;
        for region in &self.regions {
            Region::parse(region).map_err(|reason| invalid(&self.key("regions"), reason))?;
        }
        self.endpoint()?;
        self.region_endpoint()?;
        Ok(())
    }

    fn default_region(&self) -> Result<Region, Error> {
        let name = self.default_region.as_deref().unwrap_or(self.provider.default_region());
        Region::parse(name).map_err(|reason| invalid(&self.key("default_region"), reason))
    }

    fn endpoint(&self) -> Result<Option<Template>, Error> {
        self.endpoint
            .as_deref()
            .map(Template::parse)
            .transpose()
            .map_err(|reason| invalid(&self.key("endpoint"), reason))
    }

    fn region_endpoint(&self) -> Result<Option<Template>, Error> {
        let Some(text) = &self.region_endpoint else { return Ok(None) };
        let key = self.key("region_endpoint");
        if !self.provider.has_region_endpoint() {
            return Err(invalid(&key, format!("`{}` lists its regions at `endpoint`", self.provider.name())));
        }
        let template = Template::parse(text).map_err(|reason| invalid(&key, reason))?;
        if template.has_region() {
            return Err(invalid(&key, "`{region}` has no meaning here: the list belongs to no region"));
        }
        Ok(Some(template))
    }

    /// Resolves the credential. Call it for enabled accounts only: the others' secrets need not be there.
    pub fn open(&self) -> Result<Account, Error> {
        let resolve = |secret: &SecretRef, setting: &str| secret.resolve(&format!("ecs.{}", self.key(setting)));
        Ok(Account {
            name: self.name.clone(),
            provider: self.provider,
            credential: Credential {
                id: resolve(&self.access_key_id, "access_key_id")?,
                secret: resolve(&self.access_key_secret, "access_key_secret")?,
                token: self.security_token.as_ref().map(|token| resolve(token, "security_token")).transpose()?,
            },
            default_region: self.default_region()?,
            endpoint: self.endpoint()?,
            region_endpoint: self.region_endpoint()?,
        })
    }
}

fn invalid(key: &str, reason: impl Into<String>) -> Error {
    Error::Invalid { key: format!("ecs.{key}"), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::{AccountConfig, Config};
    use crate::config::SecretRef;
    use crate::upstreams::ecs::provider::Provider;

    const ACCOUNT: &str = r#"
        name = "prod"
        provider = "tencent"
        access_key_id = { env = "AK" }
        access_key_secret = { env = "SK" }
    "#;

    fn account(more: &str) -> AccountConfig {
        toml::from_str(&format!("{ACCOUNT}\n{more}")).unwrap()
    }

    fn check(more: &str, expected: Result<(), &str>) {
        let validated = account(more).validate().map_err(|error| error.to_string());
        match expected {
            Ok(()) => assert_eq!(validated, Ok(()), "{more}"),
            Err(part) => {
                assert!(validated.clone().is_err_and(|message| message.contains(part)), "{more}: {validated:?}");
            }
        }
    }

    #[test]
    fn an_account_needs_its_name_its_provider_and_its_key() {
        let account = account("");
        assert_eq!((account.name.as_str(), account.provider), ("prod", Provider::Tencent));
        assert_eq!(account.access_key_id, SecretRef::Env("AK".to_owned()));
        assert!(account.enabled && account.regions.is_empty() && account.security_token.is_none());
        assert_eq!(account.default_region().unwrap().as_str(), "ap-guangzhou");
        for line in ACCOUNT.trim().lines() {
            assert!(toml::from_str::<AccountConfig>(&ACCOUNT.replace(line, "")).is_err(), "{line}");
        }
        assert!(toml::from_str::<AccountConfig>(&format!("{ACCOUNT}\nregion = \"x\"")).is_err());
    }

    #[test]
    fn what_cannot_work_is_told_with_its_key() {
        check("endpoint = \"http://127.0.0.1:5000\"\nregion_endpoint = \"http://127.0.0.1:5001\"", Ok(()));
        check("endpoint = \"https://cvm.{region}.example.com\"", Ok(()));
        check("endpoint = \"cvm.example.com\"", Err("ecs.accounts.prod.endpoint"));
        check("region_endpoint = \"https://r.{region}.example.com\"", Err("ecs.accounts.prod.region_endpoint"));
        check("regions = [\"ap-guangzhou\", \"Nowhere!\"]", Err("`Nowhere!` is not the name of a region"));
        check("default_region = \"\"", Err("ecs.accounts.prod.default_region"));
        let mut aliyun = account("region_endpoint = \"https://region.example.com\"");
        aliyun.provider = Provider::Aliyun;
        assert!(aliyun.validate().is_err());
    }

    #[test]
    fn defaults_are_the_documented_ones() {
        let config = Config { accounts: vec![account("")], ..Config::default() };
        assert_eq!((config.concurrency, config.qps), (5, 20));
        assert_eq!((config.lock_ttl.0.as_secs(), config.regions_ttl.0.as_secs()), (1800, 86_400));
        assert!(config.validate().is_ok());
    }
}
