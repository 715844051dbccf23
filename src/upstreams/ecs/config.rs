//! The section `[ecs]`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::provider::{Account, Credential, Endpoint, Provider, Template};
use super::regions::Region;
use super::resources::Resource;
use crate::config::{Error, HttpSettings, SecretRef, Span, bounds};
use crate::upstreams::accounts::AccountSettings;
use crate::upstreams::adaptive::Bounds;

/// How the upstream is synced, and for which accounts.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Regions of each account at once.
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
    /// Incremental passes look less often at regions where nothing changed for long.
    pub adaptive: bool,
    /// The shortest and the longest time between two looks at a region, where that is so.
    #[serde(deserialize_with = "bounds::span::<0, { bounds::DAY }, _>")]
    pub min_interval: Span,
    #[serde(deserialize_with = "bounds::span::<0, { bounds::DAY }, _>")]
    pub max_interval: Span,
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
            adaptive: false,
            min_interval: Span(Duration::ZERO),
            max_interval: Span(Duration::from_secs(6 * 60 * 60)),
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
    /// What is synced of it.
    #[serde(default = "instances_only")]
    pub resources: Vec<Resource>,
    /// Instead of the provider's own; `{region}` becomes the region's name.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Instead of the provider's own, where regions are listed elsewhere.
    #[serde(default)]
    pub region_endpoint: Option<String>,
    /// Instead of the provider's own, for its other services.
    #[serde(default)]
    pub endpoints: BTreeMap<Endpoint, String>,
    /// The projects of each region, where the access key may not list them.
    #[serde(default)]
    pub projects: BTreeMap<String, Projects>,
    /// Requests per second to one API; default per provider, else the section's.
    #[serde(default, deserialize_with = "bounds::count_if_any::<1, 10_000, _, _>")]
    pub qps: Option<u32>,
    #[serde(default = "enabled")]
    pub enabled: bool,
}

const fn enabled() -> bool {
    true
}

fn instances_only() -> Vec<Resource> {
    vec![Resource::Compute]
}

/// The ids of a region's projects: one, or a list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Projects {
    One(String),
    Many(Vec<String>),
}

impl Projects {
    pub fn ids(&self) -> &[String] {
        match self {
            Self::One(id) => std::slice::from_ref(id),
            Self::Many(ids) => ids,
        }
    }
}

impl Config {
    /// How often a quiet region is looked at.
    pub const fn bounds(&self) -> Bounds {
        Bounds { min: self.min_interval.0, max: self.max_interval.0 }
    }

    /// Checks what the types cannot; resolves nothing.
    pub fn validate(&self) -> Result<(), Error> {
        if self.min_interval.0 > self.max_interval.0 {
            let reason = "must not be longer than `max_interval`".to_owned();
            return Err(invalid("min_interval", reason));
        }
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
        self.endpoints()?;
        self.check_resources()?;
        self.check_projects()
    }

    fn default_region(&self) -> Result<Region, Error> {
        let name = self.default_region.as_deref().unwrap_or(self.provider.cloud().default_region());
        Region::parse(name).map_err(|reason| invalid(&self.key("default_region"), reason))
    }

    /// Where its calls go instead of the provider's own hosts.
    fn endpoints(&self) -> Result<BTreeMap<Endpoint, Template>, Error> {
        let has_region_endpoint = self.provider.cloud().has_region_endpoint();
        let mut named: Vec<(Endpoint, String, &str)> = self
            .endpoints
            .iter()
            .map(|(endpoint, text)| (*endpoint, format!("endpoints.{}", endpoint.name()), text.as_str()))
            .collect();
        if let Some(text) = &self.endpoint {
            named.push((Endpoint::Compute, "endpoint".to_owned(), text));
            if !has_region_endpoint {
                named.push((Endpoint::Regions, "endpoint".to_owned(), text));
            }
        }
        if let Some(text) = &self.region_endpoint {
            named.push((Endpoint::Regions, "region_endpoint".to_owned(), text));
        }
        let mut endpoints = BTreeMap::new();
        for (endpoint, key, text) in named {
            let refused = |reason: String| invalid(&self.key(&key), reason);
            let template = Template::parse(text).map_err(refused)?;
            if self.provider.cloud().lists_at_one_host(endpoint) && template.has_region() {
                return Err(refused("`{region}` has no meaning here: the list belongs to no region".to_owned()));
            }
            if key == "region_endpoint" && !has_region_endpoint {
                return Err(refused(format!("`{}` lists its regions at `endpoint`", self.provider.name())));
            }
            endpoints.insert(endpoint, template);
        }
        Ok(endpoints)
    }

    fn check_resources(&self) -> Result<(), Error> {
        let cloud = self.provider.cloud();
        let is_known = |resource: &Resource| *resource == Resource::Compute || cloud.catalog(*resource).is_some();
        match self.resources.iter().find(|resource| !is_known(resource)) {
            None if self.resources.is_empty() => Err(invalid(&self.key("resources"), "names nothing to sync")),
            None => Ok(()),
            Some(unknown) => {
                let (provider, resource) = (self.provider.name(), unknown.name());
                let reason = format!("`{resource}` is not synced from `{provider}` yet");
                Err(invalid(&self.key("resources"), reason))
            }
        }
    }

    fn check_projects(&self) -> Result<(), Error> {
        let refused = |reason: String| Err(invalid(&self.key("projects"), reason));
        if !self.projects.is_empty() && !self.provider.cloud().has_projects() {
            return refused(format!("`{}` has no projects", self.provider.name()));
        }
        for (region, projects) in &self.projects {
            Region::parse(region).map_err(|reason| invalid(&self.key("projects"), reason))?;
            let is_plain = |id: &String| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if projects.ids().is_empty() || !projects.ids().iter().all(is_plain) {
                return refused(format!("`{region}` needs the id of a project, letters and digits only"));
            }
        }
        Ok(())
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
            endpoints: self.endpoints()?,
        })
    }
}

fn invalid(key: &str, reason: impl Into<String>) -> Error {
    Error::Invalid { key: format!("ecs.{key}"), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::{AccountConfig, Config, Projects};
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
        check(
            "endpoints = { buckets = \"https://cos.{region}.example.com\" }",
            Err("ecs.accounts.prod.endpoints.buckets"),
        );
        check("endpoint = \"cvm.example.com\"", Err("ecs.accounts.prod.endpoint"));
        check("region_endpoint = \"https://r.{region}.example.com\"", Err("ecs.accounts.prod.region_endpoint"));
        check("regions = [\"ap-guangzhou\", \"Nowhere!\"]", Err("`Nowhere!` is not the name of a region"));
        check("default_region = \"\"", Err("ecs.accounts.prod.default_region"));
        let mut aliyun = account("region_endpoint = \"https://region.example.com\"");
        aliyun.provider = Provider::Aliyun;
        assert!(aliyun.validate().is_err());
        check("endpoints = { disks = \"x\" }", Err("ecs.accounts.prod.endpoints.disks"));
        check("projects = { ap-guangzhou = \"0a1b\" }", Err("`tencent` has no projects"));
        let mut huawei = account("projects = { cn-north-4 = \"0a1b\", cn-east-3 = [\"2c\", \"3d\"] }");
        huawei.provider = Provider::Huawei;
        assert!(huawei.validate().is_ok());
        assert_eq!(huawei.projects["cn-east-3"].ids(), ["2c", "3d"]);
        huawei.projects.insert("cn-east-3".to_owned(), Projects::One("../x".to_owned()));
        assert!(huawei.validate().is_err());
    }

    #[test]
    fn defaults_are_the_documented_ones() {
        let config = Config { accounts: vec![account("")], ..Config::default() };
        assert_eq!((config.concurrency, config.qps), (5, 20));
        assert_eq!((config.lock_ttl.0.as_secs(), config.regions_ttl.0.as_secs()), (1800, 86_400));
        assert!(config.validate().is_ok());
    }
}
