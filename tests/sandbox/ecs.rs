//! Four clouds, faked: an Alibaba Cloud account with two regions and a Tencent Cloud account with one, or with more; and for
//! the tests that name them an account of Huawei Cloud and one of Volcengine, two regions each.
//!
//! Every signature is verified before a request is answered, every nonce is accepted once. The tests have the vendors' own
//! packages compute the signatures again.

mod aliyun;
mod bucket;
mod cache;
mod database;
mod fleet;
mod huawei;
mod model;
mod request;
pub mod signature;
mod tencent;
mod volcengine;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use toml::{Table, Value};

pub use self::bucket::Bucket;
pub use self::database::Database;
pub use self::fleet::{Disk, Machine};
use self::model::{Account, State};
pub use self::model::{Key, Region};
use self::request::ApiRequest;
use crate::sandbox::builder::SandboxBuilder;
use crate::sandbox::home::Home;
use crate::sandbox::server::FakeServer;
use crate::sandbox::settings::Settings;

/// The accounts' regions in the order in which more of them are opened.
const REGIONS: [(&str, &str); 20] = [
    (Ecs::ALIYUN, "cn-hangzhou"),
    (Ecs::TENCENT, "ap-guangzhou"),
    (Ecs::ALIYUN, "cn-beijing"),
    (Ecs::TENCENT, "ap-shanghai"),
    (Ecs::ALIYUN, "cn-shanghai"),
    (Ecs::TENCENT, "ap-beijing"),
    (Ecs::ALIYUN, "cn-shenzhen"),
    (Ecs::TENCENT, "ap-chengdu"),
    (Ecs::ALIYUN, "cn-qingdao"),
    (Ecs::TENCENT, "ap-nanjing"),
    (Ecs::ALIYUN, "cn-zhangjiakou"),
    (Ecs::TENCENT, "ap-hongkong"),
    (Ecs::ALIYUN, "cn-chengdu"),
    (Ecs::TENCENT, "ap-singapore"),
    (Ecs::ALIYUN, "cn-hongkong"),
    (Ecs::TENCENT, "ap-tokyo"),
    (Ecs::ALIYUN, "ap-southeast-1"),
    (Ecs::TENCENT, "na-ashburn"),
    (Ecs::ALIYUN, "eu-central-1"),
    (Ecs::TENCENT, "eu-frankfurt"),
];

/// The regions of the accounts that only some tests use.
const EXTRA_REGIONS: [(&str, &str); 4] = [
    (Ecs::HUAWEI, "cn-north-4"),
    (Ecs::HUAWEI, "cn-east-3"),
    (Ecs::VOLCENGINE, "cn-guangzhou"),
    (Ecs::VOLCENGINE, "cn-beijing2"),
];

/// The running fake of the clouds.
pub struct Ecs {
    server: FakeServer,
    base_url: String,
    state: Arc<Mutex<State>>,
    /// All kinds of resources are synced.
    has_resources: bool,
}

impl Ecs {
    pub const NAME: &'static str = "ecs";
    /// The accounts with their regions.
    pub const ALIYUN: &'static str = "prod";
    pub const TENCENT: &'static str = "game";
    pub const HUAWEI: &'static str = "bank";
    pub const VOLCENGINE: &'static str = "video";

    pub fn start(builder: &mut SandboxBuilder<'_>) -> Self {
        let Settings { seed, clock, instances: count, regions: opened, resources, accounts: total, .. } =
            builder.settings;
        let account = |name: &'static str, like: &'static str, provider| {
            let is_extra = EXTRA_REGIONS.iter().any(|(account, _)| *account == like);
            let opened = REGIONS.iter().take(opened).chain(&EXTRA_REGIONS);
            let regions = opened.filter(|(account, _)| *account == like).map(|&(_, region)| {
                let machines = (0..count).map(|number| Machine::new_at(clock, seed, region, number)).collect();
                let databases: Vec<Database> = (0..resources).map(Database::new).collect();
                (region, Region { machines, caches: databases.clone(), databases, ..Region::default() })
            });
            let key = Key { id: format!("{name}-id-{seed:08x}"), secret: format!("{name}-secret-{seed:08x}") };
            Account {
                name,
                provider,
                key,
                is_extra,
                regions: regions.collect(),
                buckets: (0..resources).map(Bucket::new).collect(),
                denied: BTreeSet::new(),
            }
        };
        let mut accounts = vec![
            account(Self::ALIYUN, Self::ALIYUN, "aliyun"),
            account(Self::TENCENT, Self::TENCENT, "tencent"),
            account(Self::HUAWEI, Self::HUAWEI, "huawei"),
            account(Self::VOLCENGINE, Self::VOLCENGINE, "volcengine"),
        ];
        for number in 2..total {
            let (like, provider) =
                if number.is_multiple_of(2) { (Self::ALIYUN, "aliyun") } else { (Self::TENCENT, "tencent") };
            // There are as many for as long as the fake runs.
            accounts.push(account(format!("{like}-{:03}", number / 2 + 1).leak(), like, provider));
        }
        let server = FakeServer::default();
        let state = State { accounts, page_cap: usize::MAX, nonces: BTreeSet::new(), server: server.clone() };
        let state = Arc::new(Mutex::new(state));
        let router = Router::new().fallback(any(answer)).with_state(Arc::clone(&state));
        let base_url = builder.serve_behind(&server, router);
        Self { server, base_url, state, has_resources: resources > 0 }
    }

    pub const fn server(&self) -> &FakeServer {
        &self.server
    }

    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Its part of the configuration; credentials are files in the home.
    pub fn section(&self, home: &Home) -> Table {
        self.section_of(home, |account| !account.is_extra)
    }

    /// The same with only these accounts.
    pub fn section_with(&self, home: &Home, names: &[&str]) -> Table {
        self.section_of(home, |account| names.contains(&account.name))
    }

    fn section_of(&self, home: &Home, is_in: impl Fn(&Account) -> bool) -> Table {
        let state = self.state();
        let accounts = state.accounts.iter().filter(|account| is_in(account)).map(|account| {
            let Account { name, provider, key, .. } = account;
            let mut table = Table::from_iter([
                ("name".to_owned(), (*name).into()),
                ("provider".to_owned(), (*provider).into()),
                ("access_key_id".to_owned(), home.secret(&format!("{name}-id"), &key.id)),
                ("access_key_secret".to_owned(), home.secret(&format!("{name}-key"), &key.secret)),
                ("endpoint".to_owned(), self.base_url.as_str().into()),
            ]);
            if ["tencent", "huawei"].contains(provider) {
                table.insert("region_endpoint".to_owned(), self.base_url.as_str().into());
            }
            let services = match *provider {
                "volcengine" => vec!["disks"],
                "huawei" => Vec::new(),
                _ => vec!["databases", "caches", "buckets"],
            };
            let here = |service: &str| (service.to_owned(), Value::from(self.base_url.as_str()));
            table.insert("endpoints".to_owned(), services.into_iter().map(here).collect::<Table>().into());
            if self.has_resources && !account.is_extra {
                let kinds = vec!["compute", "database", "cache", "bucket"];
                table.insert("resources".to_owned(), kinds.into());
            }
            if *name == Self::VOLCENGINE {
                table.insert("qps".to_owned(), 1000.into());
            }
            Value::Table(table)
        });
        let accounts = Value::Array(accounts.collect());
        Table::from_iter([("qps".to_owned(), 1000.into()), ("accounts".to_owned(), accounts)])
    }

    /// Every region with its account.
    pub fn regions(&self) -> Vec<(&'static str, &'static str)> {
        let state = self.state();
        let of = |account: &Account| account.regions.keys().map(|&region| (account.name, region)).collect::<Vec<_>>();
        state.accounts.iter().filter(|account| !account.is_extra).flat_map(of).collect()
    }

    /// The id and the secret of an account's key.
    pub fn key(&self, name: &str) -> Key {
        let state = self.state();
        let account = state.accounts.iter().find(|account| account.name == name);
        account.unwrap_or_else(|| panic!("the fake has no account `{name}`")).key.clone()
    }

    /// Changes what a region has.
    pub fn change(&self, region: &str, change: impl FnOnce(&mut Region)) {
        let mut state = self.state();
        let found = state.accounts.iter_mut().find_map(|account| account.regions.get_mut(region));
        change(found.unwrap_or_else(|| panic!("the fake has no region `{region}`")));
    }

    /// Changes which buckets an account has.
    pub fn change_buckets(&self, name: &str, change: impl FnOnce(&mut Vec<Bucket>)) {
        let mut state = self.state();
        let found = state.accounts.iter_mut().find(|account| account.name == name);
        change(&mut found.unwrap_or_else(|| panic!("the fake has no account `{name}`")).buckets);
    }

    /// The account's key may not call that action any more.
    pub fn deny(&self, name: &str, action: &'static str) {
        let mut state = self.state();
        for account in state.accounts.iter_mut().filter(|account| account.name == name) {
            account.denied.insert(action);
        }
    }

    /// Takes a region away from the provider.
    pub fn close_region(&self, region: &str) {
        for account in &mut self.state().accounts {
            account.regions.remove(region);
        }
    }

    /// From now on a page holds no more rows than this.
    pub fn cap_pages(&self, rows: usize) {
        self.state().page_cap = rows;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(
    state: extract::State<Arc<Mutex<State>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let request = ApiRequest { method: method.as_str(), uri: &uri, headers: &headers, body: &body };
    if headers.contains_key("x-oss-date") || bucket::is_cos(&request) {
        return bucket::answer(&state, &request).into_response();
    }
    let (status, document) = if headers.contains_key("x-tc-action") {
        tencent::answer(&mut state, &request)
    } else if headers.contains_key("x-sdk-date") {
        huawei::answer(&mut state, &request)
    } else if headers.contains_key("x-date") {
        volcengine::answer(&mut state, &request)
    } else {
        aliyun::answer(&mut state, &request)
    };
    (status, axum::Json(document)).into_response()
}
