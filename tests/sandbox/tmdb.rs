//! TMDB, faked: films by release date, the feed of changes, details, and films by their `IMDb` ids.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{OriginalUri, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value as Json, json};
use toml::Table;

use crate::sandbox::builder::SandboxBuilder;
use crate::sandbox::home::Home;
use crate::sandbox::server::FakeServer;

const TOKEN: &str = "tmdb-canary-token";
const FIRST_ID: u64 = 800_000;
const PAGE_SIZE: usize = 20;
/// Pages behind this one are refused, whatever `total_pages` says.
const MAX_PAGE: usize = 500;

/// One film upstream.
#[derive(Clone, Debug)]
pub struct Film {
    pub id: u64,
    pub title: String,
    pub original_title: String,
    pub imdb_id: Option<String>,
    pub released: Date,
    pub votes: u64,
    pub director: String,
    /// What else its item in the list and its details hold, in place of what they would.
    pub item: Json,
    pub detail: Json,
}

/// Everything it answers from.
#[derive(Clone, Debug)]
pub struct Catalogue {
    pub films: Vec<Film>,
    /// Rows a page.
    pub page_size: usize,
    /// Ids that the feed of changes names, each with its day.
    pub changes: Vec<(Date, u64)>,
    /// What is added to the totals of the list.
    pub excess: u64,
}

/// The running fake.
pub struct Tmdb {
    server: FakeServer,
    base_url: String,
    catalogue: Shared,
}

type Shared = Arc<Mutex<Catalogue>>;

impl Tmdb {
    pub const NAME: &'static str = "tmdb";
    pub const TOKEN: &'static str = TOKEN;

    /// As many films as Douban has, one a day up to today.
    pub fn start(builder: &mut SandboxBuilder<'_>) -> Self {
        let today = Self::today();
        let ids = (0..builder.settings.films).map(|index| {
            let days = i64::try_from(index).expect("a number of films");
            Film::new(FIRST_ID + index, today - days.days())
        });
        let catalogue = Arc::new(Mutex::new(Catalogue {
            films: ids.collect(),
            page_size: PAGE_SIZE,
            changes: Vec::new(),
            excess: 0,
        }));
        let router = Router::new()
            .route("/3/authentication", get(authentication))
            .route("/3/discover/movie", get(discover))
            .route("/3/movie/changes", get(changes))
            .route("/3/movie/{id}", get(movie))
            .route("/3/find/{id}", get(find))
            .with_state(Arc::clone(&catalogue))
            .layer(from_fn_with_state((), authorise));
        let (server, base_url) = builder.serve(router);
        Self { server, base_url: format!("{base_url}/3"), catalogue }
    }

    pub const fn server(&self) -> &FakeServer {
        &self.server
    }

    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Its part of the configuration, without pauses.
    pub fn section(&self, home: &Home) -> Table {
        Table::from_iter([
            ("base_url".to_owned(), self.base_url.as_str().into()),
            ("token".to_owned(), home.secret("tmdb", TOKEN)),
            ("requests_per_second".to_owned(), 10_000.into()),
        ])
    }

    /// Changes what it answers from.
    pub fn change(&self, change: impl FnOnce(&mut Catalogue)) {
        change(&mut locked(&self.catalogue));
    }

    /// The day by the program's clock, which the listed days are around.
    pub fn today() -> Date {
        Timestamp::now().to_zoned(TimeZone::UTC).date()
    }
}

impl Film {
    pub fn new(id: u64, released: Date) -> Self {
        Self {
            id,
            title: format!("第{}号放映厅", id % 1000),
            original_title: format!("Theatre {}", id % 1000),
            imdb_id: Some(format!("tt{id:08}")),
            released,
            votes: 1000 + id % 1000,
            director: "林一".to_owned(),
            item: json!({}),
            detail: json!({}),
        }
    }

    fn item(&self) -> Json {
        let item = json!({
            "id": self.id, "title": self.title, "original_title": self.original_title, "original_language": "en",
            "overview": "一条街。", "release_date": self.released.to_string(), "genre_ids": [18], "adult": false,
            "poster_path": format!("/p{}.jpg", self.id), "vote_average": 7.5, "vote_count": self.votes,
            "popularity": 10.5, "video": false,
        });
        with(item, &self.item)
    }

    fn detail(&self) -> Json {
        let release = format!("{}T00:00:00.000Z", self.released);
        let detail = json!({
            "imdb_id": self.imdb_id, "runtime": 118, "genres": [{"id": 18, "name": "剧情"}],
            "production_countries": [{"iso_3166_1": "CN", "name": "中国"}],
            "spoken_languages": [{"iso_639_1": "zh", "name": "普通话"}],
            "credits": {
                "cast": [{"id": 2, "name": "周二", "order": 0}],
                "crew": [{"id": 1, "name": self.director, "job": "Director", "department": "Directing"}],
            },
            "external_ids": {"imdb_id": self.imdb_id}, "alternative_titles": {"titles": []},
            "release_dates": {"results": [{"iso_3166_1": "CN", "release_dates": [{"type": 3, "release_date": release}]}]},
            "translations": {"translations": []},
        });
        with(with(self.item(), &detail), &self.detail)
    }
}

/// The object, with its members replaced by those of another one; what is null there is left out.
fn with(mut object: Json, others: &Json) -> Json {
    let members = object.as_object_mut().expect("an object");
    for (name, value) in others.as_object().expect("an object") {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    object
}

async fn authorise(State(()): State<()>, request: Request, next: Next) -> Response {
    let authorization = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if authorization == Some(&format!("Bearer {TOKEN}")) {
        return next.run(request).await;
    }
    refusal(StatusCode::UNAUTHORIZED, 7, "Invalid API key: You must be granted a valid key.")
}

async fn authentication() -> Response {
    axum::Json(json!({"success": true, "status_code": 1, "status_message": "Success."})).into_response()
}

async fn discover(State(catalogue): State<Shared>, uri: OriginalUri) -> Response {
    let catalogue = locked(&catalogue);
    let day = |name: &str| parameter(&uri, name).and_then(|day| day.parse::<Date>().ok());
    let either =
        |end: &str| day(&format!("primary_release_date.{end}")).or_else(|| day(&format!("release_date.{end}")));
    let (from, to) = (either("gte").unwrap_or(Date::MIN), either("lte").unwrap_or(Date::MAX));
    let mut films: Vec<&Film> = catalogue.films.iter().filter(|film| (from..=to).contains(&film.released)).collect();
    films.sort_by_key(|film| (film.released, film.id));
    paged(&uri, &films, |film| film.item(), catalogue.page_size, catalogue.excess)
}

async fn changes(State(catalogue): State<Shared>, uri: OriginalUri) -> Response {
    let catalogue = locked(&catalogue);
    let day = |name: &str| parameter(&uri, name).and_then(|day| day.parse::<Date>().ok());
    let (Some(from), Some(to)) = (day("start_date"), day("end_date")) else {
        return refusal(StatusCode::BAD_REQUEST, 5, "Invalid parameters: Your request parameters are incorrect.");
    };
    if from > to || (to - from).get_days() > 14 {
        return refusal(StatusCode::BAD_REQUEST, 20, "Invalid date range: Should be a range no longer than 14 days.");
    }
    let changed = catalogue.changes.iter().filter(|(day, _)| (from..=to).contains(day));
    let ids: Vec<u64> = changed.map(|(_, id)| *id).collect();
    paged(&uri, &ids, |id| json!({"id": id, "adult": null}), catalogue.page_size, 0)
}

async fn movie(State(catalogue): State<Shared>, Path(id): Path<u64>) -> Response {
    match locked(&catalogue).films.iter().find(|film| film.id == id) {
        Some(film) => axum::Json(film.detail()).into_response(),
        None => refusal(StatusCode::NOT_FOUND, 34, "The resource you requested could not be found."),
    }
}

async fn find(State(catalogue): State<Shared>, Path(id): Path<String>) -> Response {
    let catalogue = locked(&catalogue);
    let films = catalogue.films.iter().filter(|film| film.imdb_id.as_ref() == Some(&id));
    let films: Vec<Json> = films.map(Film::item).collect();
    axum::Json(json!({"movie_results": films, "tv_results": [], "person_results": []})).into_response()
}

fn paged<R>(uri: &OriginalUri, rows: &[R], row: impl Fn(&R) -> Json, page_size: usize, excess: u64) -> Response {
    let page: usize = parameter(uri, "page").and_then(|page| page.parse().ok()).unwrap_or(1);
    if page > MAX_PAGE {
        return refusal(StatusCode::BAD_REQUEST, 22, "Invalid page: Pages start at 1 and max at 500.");
    }
    let results: Vec<Json> = rows.iter().skip((page - 1) * page_size).take(page_size).map(row).collect();
    let (total, pages) = (rows.len() as u64 + excess, rows.len().div_ceil(page_size).max(1));
    axum::Json(json!({"page": page, "results": results, "total_pages": pages, "total_results": total})).into_response()
}

fn refusal(status: StatusCode, code: u64, message: &str) -> Response {
    (status, axum::Json(json!({"success": false, "status_code": code, "status_message": message}))).into_response()
}

fn parameter(uri: &OriginalUri, name: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(uri.query()?.as_bytes());
    pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

fn locked(catalogue: &Shared) -> MutexGuard<'_, Catalogue> {
    catalogue.lock().unwrap_or_else(PoisonError::into_inner)
}
