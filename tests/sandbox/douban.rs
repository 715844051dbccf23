//! Douban, faked: two origins with one log, two lists, films' pages and the two lesser sources.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};
use toml::Table;

use crate::sandbox::builder::SandboxBuilder;
use crate::sandbox::clock::Clock;
use crate::sandbox::server::FakeServer;

/// The first film's id; the others count down from it, as newer ones have higher numbers.
const FIRST_ID: u64 = 91_000_000;
/// The fixtures' own film.
const TEMPLATE_ID: &str = "90000001";
const TEMPLATE_TITLE: &str = "潮汐邮局";
/// When it was released; a festival had shown it before, and it was released again later.
const TEMPLATE_RELEASE: Date = Date::constant(2025, 11, 7);
const TEMPLATE_FESTIVAL: Date = Date::constant(2025, 9, 3);
const TEMPLATE_AGAIN: Date = Date::constant(2025, 12, 24);
const REFERER: &str = "https://movie.douban.com/explore";

const PAGE: &str = include_str!("../fixtures/douban/film.html");
const REXXAR: &str = include_str!("../fixtures/douban/rexxar_movie.json");
const CARD: &str = include_str!("../fixtures/douban/abstract_movie.json");
const GONE: &str = include_str!("../fixtures/douban/gone.html");
const NO_INFO: &str = include_str!("../fixtures/douban/no_info.html");
const BLOCKED: &str = include_str!("../fixtures/douban/blocked_200.html");
const CHALLENGE: &str = include_str!("../fixtures/douban/challenge.html");
const LIST_THROTTLED: &str = include_str!("../fixtures/douban/list_throttled.json");
const NEED_LOGIN: &str = include_str!("../fixtures/douban/need_login.json");
const RATE_LIMITED: &str = include_str!("../fixtures/douban/rate_limited.json");
const MISSING_REFERER: &str = include_str!("../fixtures/douban/missing_referer.json");

/// One film upstream.
#[derive(Clone, Debug)]
pub struct Film {
    pub id: u64,
    pub title: String,
    pub rating: f64,
    pub released: Date,
    pub page: Page,
}

/// What is answered where a film's page should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    Good,
    /// A redirect to the page of the film with this id, which is there.
    MovedTo(u64),
    /// A redirect to itself.
    Circle,
    /// A redirect to that address.
    Redirect(&'static str),
    /// The page of the film with this id.
    OtherFilm(u64),
    /// Its page, cut off inside the block of facts.
    Cut,
    /// Status 200 with that page.
    Body(&'static str),
    Gone,
    /// A redirect to a challenge for visitors.
    Challenge,
    /// Status 200 with the page for suspicious visitors.
    Blocked,
    /// A page with a title and nothing else.
    Unreadable,
    Status(u16),
}

/// What a JSON source answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Good,
    /// Status 200 with the words of a refusal.
    Throttled,
    /// A redirect to a challenge for visitors.
    Challenge,
    NeedsLogin,
    RateLimited,
    Empty,
    /// Status 404.
    Missing,
}

/// Everything it answers from.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// The newest first.
    pub films: Vec<Film>,
    /// The explore list returns no more at once, whatever the query says.
    pub page_limit: usize,
    pub explore: Source,
    pub search: Source,
    pub rexxar: Source,
    pub card: Source,
}

/// The running fake.
pub struct Douban {
    server: FakeServer,
    list_url: String,
    page_url: String,
    catalogue: Shared,
}

type Shared = Arc<Mutex<Catalogue>>;

impl Douban {
    pub const NAME: &'static str = "douban";

    /// Of its films the second has moved, the third is gone, and the others have good pages.
    pub fn start(builder: &mut SandboxBuilder<'_>) -> Self {
        let (seed, clock) = (builder.settings.seed, builder.settings.clock);
        let films = (0..builder.settings.films).map(|index| Film {
            released: if clock.is_running { released_before(clock, index) } else { TEMPLATE_RELEASE },
            page: match index {
                1 => Page::MovedTo(FIRST_ID + 1),
                2 => Page::Gone,
                _ => Page::Good,
            },
            ..Film::new(FIRST_ID - index, seed)
        });
        let catalogue = Catalogue {
            films: films.collect(),
            page_limit: usize::MAX,
            explore: Source::Good,
            search: Source::Good,
            rexxar: Source::NeedsLogin,
            card: Source::NeedsLogin,
        };
        let catalogue = Arc::new(Mutex::new(catalogue));
        let lists = Router::new()
            .route("/rexxar/api/v2/subject/recent_hot/movie", get(explore))
            .route("/rexxar/api/v2/movie/{id}", get(rexxar))
            .with_state(Arc::clone(&catalogue));
        let pages = Router::new()
            .route("/j/search_subjects", get(search))
            .route("/j/subject_abstract", get(card))
            .route("/subject/{id}/", get(page))
            .with_state(Arc::clone(&catalogue));
        let (server, list_url) = builder.serve(lists);
        let page_url = builder.serve_behind(&server, pages);
        Self { server, list_url, page_url, catalogue }
    }

    /// The server of both origins; their `Host` differs.
    pub const fn server(&self) -> &FakeServer {
        &self.server
    }

    pub fn list_url(&self) -> &str {
        &self.list_url
    }

    pub fn page_url(&self) -> &str {
        &self.page_url
    }

    /// Its part of the configuration, without pauses.
    pub fn section(&self) -> Table {
        Table::from_iter([
            ("list_url".to_owned(), self.list_url.as_str().into()),
            ("page_url".to_owned(), self.page_url.as_str().into()),
            ("interval".to_owned(), "0s".into()),
        ])
    }

    /// Changes what it answers from.
    pub fn change(&self, change: impl FnOnce(&mut Catalogue)) {
        change(&mut locked(&self.catalogue));
    }

    /// The path of the film at this place of the list.
    pub fn path(&self, index: usize) -> String {
        format!("/subject/{}/", locked(&self.catalogue).films[index].id)
    }
}

impl Film {
    /// A film with a good page.
    pub fn new(id: u64, seed: u64) -> Self {
        let rating = f64::from(u8::try_from((id + seed) % 50).unwrap_or(0)) / 10.0 + 4.0;
        Self {
            id, title: format!("第{}号放映厅", id % 1000), rating, released: TEMPLATE_RELEASE, page: Page::Good
        }
    }

    fn item(&self) -> Json {
        json!({
            "id": self.id.to_string(), "title": self.title, "type": "movie",
            "rating": {"count": 1000 + self.id % 1000, "max": 10, "star_count": 3.5, "value": self.rating},
            "pic": {"large": format!("https://img.example/l/p{}.jpg", self.id), "normal": null},
            "card_subtitle": format!("{} / 中国大陆 / 剧情 / 林一 / 周二", self.released.year()), "is_new": true,
            "episodes_info": "",
        })
    }

    fn subject(&self) -> Json {
        json!({
            "id": self.id.to_string(), "title": self.title, "rate": self.rating.to_string(), "is_new": true,
            "url": format!("https://movie.douban.com/subject/{}/", self.id), "playable": false, "episodes_info": "",
            "cover": format!("https://img.example/s/p{}.webp", self.id), "cover_x": 800, "cover_y": 1200,
        })
    }

    /// A fixture, filled with this film.
    fn fill(&self, template: &str) -> String {
        let age = self.released - TEMPLATE_RELEASE;
        // The latest first: an earlier one may become it.
        let dates = [TEMPLATE_AGAIN, TEMPLATE_RELEASE, TEMPLATE_FESTIVAL].into_iter();
        let template =
            dates.fold(template.to_owned(), |text, date| text.replace(&date.to_string(), &(date + age).to_string()));
        template
            .replace("(2025)", &format!("({})", self.released.year()))
            .replace("\"2025\"", &format!("\"{}\"", self.released.year()))
            .replace(TEMPLATE_ID, &self.id.to_string())
            .replace(TEMPLATE_TITLE, &self.title)
            .replace("p1.", &format!("p{}.", self.id))
            .replace("8.1", &self.rating.to_string())
    }
}

impl Source {
    /// The answer instead of a good one.
    fn refusal(self, empty: Json) -> Option<Response> {
        match self {
            Self::Good => None,
            Self::Throttled => Some(as_json(StatusCode::OK, LIST_THROTTLED)),
            Self::Challenge => Some(challenge()),
            Self::NeedsLogin => Some(as_json(StatusCode::BAD_REQUEST, NEED_LOGIN)),
            Self::RateLimited => Some(as_json(StatusCode::BAD_REQUEST, RATE_LIMITED)),
            Self::Empty => Some(axum::Json(empty).into_response()),
            Self::Missing => Some(as_json(StatusCode::NOT_FOUND, "{}")),
        }
    }
}

async fn explore(State(catalogue): State<Shared>, uri: OriginalUri, headers: HeaderMap) -> Response {
    let catalogue = locked(&catalogue);
    let is_browser = header_text(&headers, header::USER_AGENT).starts_with("Mozilla/5.0 ");
    if header_text(&headers, header::REFERER) != REFERER || !is_browser {
        return as_json(StatusCode::BAD_REQUEST, MISSING_REFERER);
    }
    if let Some(refusal) = catalogue.explore.refusal(json!({"items": [], "total": 500})) {
        return refusal;
    }
    let (start, limit) = (number(&uri, "start"), number(&uri, "limit").min(catalogue.page_limit));
    let series = json!({"id": "95000000", "title": "山外十二夜", "type": "tv"});
    let items: Vec<Json> = catalogue.films.iter().map(Film::item).chain([series]).skip(start).take(limit).collect();
    axum::Json(json!({"category": "最新", "tags": [], "items": items, "total": 500, "type": "全部"})).into_response()
}

async fn search(State(catalogue): State<Shared>, uri: OriginalUri) -> Response {
    let catalogue = locked(&catalogue);
    if let Some(refusal) = catalogue.search.refusal(json!({"subjects": []})) {
        return refusal;
    }
    let (start, limit) = (number(&uri, "page_start"), number(&uri, "page_limit"));
    let subjects: Vec<Json> = catalogue.films.iter().map(Film::subject).skip(start).take(limit).collect();
    axum::Json(json!({ "subjects": subjects })).into_response()
}

async fn page(State(catalogue): State<Shared>, Path(id): Path<u64>) -> Response {
    let catalogue = locked(&catalogue);
    let film = catalogue.films.iter().find(|film| film.id == id);
    let target = || catalogue.films.iter().find(|film| film.page == Page::MovedTo(id));
    let Some(film) = film.or_else(target) else { return html(StatusCode::NOT_FOUND, GONE) };
    if film.id != id {
        return html(StatusCode::OK, &film.fill(PAGE));
    }
    match film.page {
        Page::Good => html(StatusCode::OK, &film.fill(PAGE)),
        Page::MovedTo(other) => redirect(&format!("https://movie.douban.com/subject/{other}/")),
        Page::Circle => redirect(&format!("/subject/{id}/")),
        Page::Redirect(location) => redirect(location),
        Page::OtherFilm(other) => html(StatusCode::OK, &Film::new(other, 1).fill(PAGE)),
        Page::Cut => {
            let whole = film.fill(PAGE);
            let end = whole.find("制片国家").unwrap_or(whole.len());
            html(StatusCode::OK, &whole[..end])
        }
        Page::Body(body) => html(StatusCode::OK, body),
        Page::Gone => html(StatusCode::OK, GONE),
        Page::Challenge => challenge(),
        Page::Blocked => html(StatusCode::OK, BLOCKED),
        Page::Unreadable => html(StatusCode::OK, NO_INFO),
        Page::Status(status) => html(StatusCode::from_u16(status).expect("a status"), "<html></html>"),
    }
}

async fn rexxar(State(catalogue): State<Shared>, Path(id): Path<u64>, headers: HeaderMap) -> Response {
    let catalogue = locked(&catalogue);
    if header_text(&headers, header::REFERER) != format!("https://m.douban.com/movie/subject/{id}/") {
        return as_json(StatusCode::BAD_REQUEST, MISSING_REFERER);
    }
    let refusal = catalogue.rexxar.refusal(json!({}));
    refusal.unwrap_or_else(|| filled(&catalogue, id, REXXAR))
}

async fn card(State(catalogue): State<Shared>, uri: OriginalUri) -> Response {
    let catalogue = locked(&catalogue);
    let refusal = catalogue.card.refusal(json!({"r": 0}));
    refusal.unwrap_or_else(|| filled(&catalogue, number(&uri, "subject_id") as u64, CARD))
}

fn filled(catalogue: &Catalogue, id: u64, template: &str) -> Response {
    match catalogue.films.iter().find(|film| film.id == id) {
        Some(film) => as_json(StatusCode::OK, &film.fill(template)),
        None => as_json(StatusCode::NOT_FOUND, "{}"),
    }
}

/// The list begins with the newest: its first film came out seven weeks ago, each further one three days earlier.
fn released_before(clock: Clock, index: u64) -> Date {
    let days = 49 + 3 * i64::try_from(index).expect("a number of films");
    clock.base.to_zoned(TimeZone::UTC).date() - days.days()
}

fn challenge() -> Response {
    let location = [(header::LOCATION, "https://sec.douban.com/c?r=https%3A%2F%2Fmovie.douban.com%2F")];
    (StatusCode::FOUND, location, CHALLENGE).into_response()
}

fn redirect(location: &str) -> Response {
    (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, location)]).into_response()
}

fn html(status: StatusCode, body: &str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], body.to_owned()).into_response()
}

fn as_json(status: StatusCode, body: &str) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_owned()).into_response()
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn number(uri: &OriginalUri, name: &str) -> usize {
    let query = uri.query().unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(known, _)| known == name).and_then(|(_, value)| value.parse().ok()).unwrap_or_default()
}

fn locked(catalogue: &Shared) -> MutexGuard<'_, Catalogue> {
    catalogue.lock().unwrap_or_else(PoisonError::into_inner)
}
