//! The call platform, faked: a token by secret or by password, and its list of tasks in pages.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::Deserialize;
use serde_json::{Value, json};
use toml::Table;

use crate::sandbox::builder::SandboxBuilder;
use crate::sandbox::clock::Clock;
use crate::sandbox::home::Home;
use crate::sandbox::server::FakeServer;

/// The business codes of a token that is refused.
pub const INVALID: i64 = 1_000_001;
pub const EXPIRED: i64 = 1_000_002;

const HISTORICAL_COUNT: u64 = 85;
const TODAY_COUNT: u64 = 12;
/// The first part of a package's code.
const SITES: [&str; 3] = ["禹州", "郑州", "许昌"];

/// One task.
#[derive(Clone, Debug)]
pub struct Task {
    pub id: Value,
    pub name: Value,
    pub called: u64,
    created: i64,
}

/// What the documentation leaves open, or what goes wrong.
#[derive(Clone, Debug, Default)]
pub struct Style {
    /// The list refuses the token with this code, this number of times.
    pub refusal: Option<(i64, u32)>,
    /// What is added to the true `totalCount`.
    pub total_offset: i64,
    /// A business code and message instead of every token.
    pub login_refusal: Option<(i64, String)>,
}

struct PlatformState {
    style: Style,
    tasks: Vec<Task>,
    /// Tokens given out so far; the last one is valid.
    token_count: u32,
    /// The body and the type of the list of packages, and what `Authorization` has to be.
    packages: (String, &'static str),
    authorization: Option<String>,
}

/// The running fake.
pub struct Tasks {
    server: FakeServer,
    base_url: String,
    secret: String,
    state: Arc<Mutex<PlatformState>>,
    login: Login,
}

/// The credentials that are accepted.
#[derive(Clone)]
struct Login {
    secret: String,
    username: String,
    password: String,
    token: String,
}

#[derive(Clone)]
struct Platform {
    state: Arc<Mutex<PlatformState>>,
    login: Login,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListQuery {
    page: usize,
    page_size: usize,
    start_time: DateTime,
    end_time: DateTime,
}

#[derive(Deserialize)]
struct Credentials {
    secret: Option<String>,
    username: Option<String>,
    password: Option<String>,
}

impl Tasks {
    pub const NAME: &'static str = "tasks";
    /// How many tasks it begins with in each window.
    pub const HISTORICAL: u64 = HISTORICAL_COUNT;
    pub const TODAY: u64 = TODAY_COUNT;
    pub const USERNAME: &'static str = "gooki-canary-operator";

    pub fn start(builder: &mut SandboxBuilder<'_>) -> Self {
        let seed = builder.settings.seed;
        let login = Login {
            secret: format!("gooki-secret-canary-{seed:08x}"),
            username: Self::USERNAME.to_owned(),
            password: format!("gooki-password canary&{seed:08x}"),
            token: format!("gooki-token-canary-{seed:08x}"),
        };
        let state = Arc::new(Mutex::new(PlatformState {
            style: Style::default(),
            tasks: made_up(builder.settings.clock),
            token_count: 0,
            packages: ("code\n".to_owned(), "text/csv"),
            authorization: None,
        }));
        let router = Router::new()
            .route("/token/secret", get(token))
            .route("/token", get(token))
            .route("/task/list", get(list))
            .route("/packages", get(packages))
            .with_state(Platform { state: Arc::clone(&state), login: login.clone() });
        let (server, base_url) = builder.serve(router);
        Self { server, base_url, secret: login.secret.clone(), state, login }
    }

    pub const fn server(&self) -> &FakeServer {
        &self.server
    }

    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Its part of the configuration. Credentials are files in the home; pages are small, so that there are several.
    pub fn section(&self, home: &Home) -> Table {
        Table::from_iter([
            ("base_url".to_owned(), self.base_url.as_str().into()),
            ("secret".to_owned(), home.secret("gooki", &self.secret)),
            ("page_size".to_owned(), 40.into()),
        ])
    }

    /// The same with a name and a password.
    pub fn section_by_password(&self, home: &Home) -> Table {
        let mut section = self.section(home);
        section.remove("secret");
        section.insert("username".to_owned(), self.login.username.as_str().into());
        section.insert("password".to_owned(), home.secret("gooki-password", &self.login.password));
        section
    }

    /// Every text that must never be shown, the beginning of every token included.
    pub fn canaries(&self) -> [&str; 4] {
        [&self.login.secret, &self.login.username, &self.login.password, &self.login.token]
    }

    /// Changes how it answers.
    pub fn style(&self, change: impl FnOnce(&mut Style)) {
        change(&mut self.state().style);
    }

    /// Changes the tasks: the historical ones first, then today's.
    pub fn change(&self, change: impl FnOnce(&mut Vec<Task>)) {
        change(&mut self.state().tasks);
    }

    /// A file for `packages import`: the packages of the first `count` tasks.
    pub fn packages_csv(&self, count: usize) -> String {
        let header = std::iter::once("编码,来源,有效数,单价".to_owned());
        let state = self.state();
        let rows = state.tasks.iter().take(count).map(|task| format!("{},官网,900,2.50", task.code()));
        header.chain(rows).collect::<Vec<_>>().join("\n")
    }

    /// Where its list of packages is.
    pub fn packages_url(&self) -> String {
        format!("{}/packages", self.base_url)
    }

    /// What that list is from now on.
    pub fn serve_packages(&self, body: &str, content_type: &'static str) {
        self.state().packages = (body.to_owned(), content_type);
    }

    /// Lets nobody read it without that.
    pub fn protect_packages(&self, authorization: &str) {
        self.state().authorization = Some(authorization.to_owned());
    }

    /// Makes the last token invalid, as if a month had passed.
    pub fn expire(&self) {
        self.state().token_count += 1;
    }

    fn state(&self) -> MutexGuard<'_, PlatformState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Task {
    fn new(number: u64, created: Timestamp, called_on: Date) -> Self {
        let name = format!("{}-N-A-L3-{}", code(site(number), number / 3, called_on), month_day(called_on));
        Self { id: (20_000 + number).into(), name: name.into(), called: number, created: created.as_second() }
    }

    /// The package code its name begins with.
    pub fn code(&self) -> String {
        self.name.as_str().unwrap_or_default().splitn(5, '-').take(4).collect::<Vec<_>>().join("-")
    }

    /// As the platform writes it; numbers are now numbers, now text.
    fn json(&self) -> Value {
        json!({
            "id": self.id,
            "taskName": self.name,
            "state": 3,
            "totalNumber": 5000,
            "calledNumber": self.called.to_string(),
            "connectedNumber": self.called / 2,
            "successNumber": self.called / 10,
            "createTime": self.created,
            "startTime": "",
            "endTime": 0,
            "callerGroup": {"seats": [1, 2, 3]},
        })
    }
}

/// Writes the answers of a platform as files for a static server, `token` and `pages/<number>` of 1,000 tasks each, and
/// `packages.csv`: nineteen of twenty tasks call one of its packages.
///
/// Every `edit_every`-th task is written as if it had been called meanwhile.
pub fn write_platform(folder: &Path, tasks: u64, packages: u64, edit_every: Option<u64>) -> io::Result<()> {
    const PAGE: u64 = 1000;
    let called_on = Clock::fixed().base.to_zoned(zone()).date();
    let name = |number: u64| code(site(number), number, called_on);
    let csv = std::iter::once("编码".to_owned()).chain((0..packages).map(name));
    fs::write(folder.join("packages.csv"), csv.collect::<Vec<_>>().join("\n"))?;
    fs::write(folder.join("token"), json!({"code": 200, "message": "OK", "data": {"token": "bench"}}).to_string())?;
    fs::create_dir_all(folder.join("pages"))?;
    let created = Timestamp::now();
    for page in 0..tasks.div_ceil(PAGE) {
        let rows: Vec<Value> = (page * PAGE..tasks.min((page + 1) * PAGE))
            .map(|number| {
                let called = if number % 20 == 0 { packages + number / 200 } else { number * 7919 % packages.max(1) };
                let mut task = Task::new(number, created, called_on);
                task.name = format!("{}-N-A-L3-{}", name(called), month_day(called_on)).into();
                task.called += u64::from(edit_every.is_some_and(|step| number % step == 0));
                task.json()
            })
            .collect();
        let answer = json!({
            "code": 200, "message": "OK", "data": {"data": rows, "page": page + 1, "totalCount": tasks}
        });
        fs::write(folder.join(format!("pages/{}", page + 1)), answer.to_string())?;
    }
    Ok(())
}

/// The historical tasks of yesterday noon, and today's of its first second: tongbu's windows follow the machine's clock,
/// whatever the fakes' clock is.
fn made_up(clock: Clock) -> Vec<Task> {
    let today = Timestamp::now().to_zoned(zone()).start_of_day().expect("today begins");
    let yesterday = today.checked_sub(12.hours()).expect("there is a yesterday").timestamp();
    // The names are the same in every run where the clock does not run.
    let called_on = |created: Timestamp| if clock.is_running { created } else { clock.base }.to_zoned(zone()).date();
    let historical = (0..HISTORICAL_COUNT).map(|number| Task::new(number, yesterday, called_on(yesterday)));
    let of_today = (0..TODAY_COUNT)
        .map(|number| Task::new(HISTORICAL_COUNT + number, today.timestamp(), called_on(today.timestamp())));
    historical.chain(of_today).collect()
}

/// A package's code: bought two days before it is called, `leads` more than a thousand.
fn code(site: &str, leads: u64, called_on: Date) -> String {
    format!("{site}-{}A-高三-{}", month_day(called_on - 2.days()), 1000 + leads)
}

fn site(number: u64) -> &'static str {
    SITES[usize::try_from(number % 3).unwrap_or_default()]
}

fn month_day(date: Date) -> String {
    date.strftime("%m%d").to_string()
}

fn zone() -> TimeZone {
    TimeZone::get("Asia/Shanghai").expect("a zone that is built in")
}

async fn token(State(platform): State<Platform>, Query(given): Query<Credentials>) -> Json<Value> {
    let mut state = platform.state.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((code, message)) = &state.style.login_refusal {
        return Json(json!({"code": code, "message": message}));
    }
    let login = &platform.login;
    let is_known = match (given.secret, given.username, given.password) {
        (Some(secret), None, None) => secret == login.secret,
        (None, Some(username), Some(password)) => username == login.username && password == login.password,
        _ => false,
    };
    if !is_known {
        return Json(json!({"code": 401, "message": "unknown login"}));
    }
    state.token_count += 1;
    Json(json!({"code": 200, "message": "OK", "data": {"token": format!("{}-{}", login.token, state.token_count)}}))
}

async fn packages(State(platform): State<Platform>, headers: HeaderMap) -> Response {
    let state = platform.state.lock().unwrap_or_else(PoisonError::into_inner);
    let given = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if state.authorization.as_deref().is_some_and(|wanted| given("authorization") != Some(wanted)) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let (body, content_type) = &state.packages;
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    let etag = format!("\"{:016x}\"", hasher.finish());
    if given("if-none-match") == Some(&etag) {
        return (StatusCode::NOT_MODIFIED, [("etag", etag)]).into_response();
    }
    ([("etag", etag), ("content-type", (*content_type).to_owned())], body.clone()).into_response()
}

async fn list(State(platform): State<Platform>, headers: HeaderMap, Query(query): Query<ListQuery>) -> Json<Value> {
    let mut state = platform.state.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((code, times)) = &mut state.style.refusal
        && *times > 0
    {
        *times -= 1;
        return Json(json!({"code": *code, "message": "token", "data": null}));
    }
    let valid = format!("{}-{}", platform.login.token, state.token_count);
    if headers.get("authorization").is_none_or(|token| token != &valid) {
        return Json(json!({"code": INVALID, "message": "invalid token", "data": null}));
    }
    let days = query.end_time.date() - query.start_time.date();
    if query.page == 0 || query.page_size > 1000 || days.get_days() >= 7 {
        return Json(json!({"code": 400, "message": "page, pageSize or the window is out of range"}));
    }
    let instant = |reading: DateTime| reading.to_zoned(zone()).map(|at| at.timestamp().as_second()).unwrap_or_default();
    let window = instant(query.start_time)..=instant(query.end_time);
    let tasks: Vec<Value> = state.tasks.iter().filter(|task| window.contains(&task.created)).map(Task::json).collect();
    let total_count = i64::try_from(tasks.len()).unwrap_or(i64::MAX) + state.style.total_offset;
    let page: Vec<Value> = tasks.into_iter().skip((query.page - 1) * query.page_size).take(query.page_size).collect();
    Json(json!({"code": 200, "message": "OK", "data": {"data": page, "page": query.page, "totalCount": total_count}}))
}
