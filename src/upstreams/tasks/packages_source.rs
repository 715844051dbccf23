//! Lead packages from a configured address, fetched with each pass.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::config::Config;
use super::packages::{Import, read_csv};
use super::packages_json::{is_json, read_json};
use super::session::profile;
use super::tables;
use crate::http::{self, Client, Request, Response};
use crate::secret::Secret;
use crate::store::ScopeState;
use crate::upstreams::mirror::{
    Counts, Deletions, Ending, Limits, PageInfo, Paginator, Signs, Step, Subject, Unproved, WriteMeta, finish,
};
use crate::upstreams::{Error, Opening, Scope, ScopeWork, UpstreamSpecific};

/// The part of the scope's name, and of the lock of what else changes packages.
pub const PART: &str = "packages";

/// What is parsed as a whole is held as a whole. A real list has some thousand rows.
const MAX_BYTES: u64 = 32 << 20;
/// Nothing real is longer; it is kept with the scope.
const MAX_ETAG_CHARS: usize = 500;

const CONTEXT: &str = "cannot fetch the packages";

/// The address, opened.
pub struct PackageSource {
    client: Client,
    /// With its query.
    path: String,
    authorization: Option<Secret>,
    delete_missing: bool,
    /// Of what an entity tag belongs to.
    digest: String,
}

/// By what the answer that is stored is recognised.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Version {
    /// Of the settings: another address has its own tags.
    source: String,
    etag: String,
}

/// An answer that is not the stored one.
struct Fetched {
    import: Import,
    ending: Ending,
    etag: Option<String>,
}

impl PackageSource {
    /// `None` where no address is configured.
    pub fn open(config: &Config, opening: &Opening<'_>) -> Result<Option<Self>, Error> {
        let Some(url) = config.packages.address()? else { return Ok(None) };
        let authorization = config.packages.authorization.as_ref();
        let authorization = authorization.map(|known| known.resolve("tasks.packages.authorization")).transpose()?;
        let path = url[url::Position::BeforePath..url::Position::AfterQuery].to_owned();
        let delete_missing = config.packages.delete_missing;
        let digest = format!("{:016x}", xxh3_64(format!("{url}\n{delete_missing}").as_bytes()));
        let base = &url[..url::Position::BeforePath];
        let client = Client::new(profile("tasks.packages", base, config)?, opening.http.clone())?;
        Ok(Some(Self { client, path, authorization, delete_missing, digest }))
    }

    /// Whether the address answers, and takes the credential.
    pub async fn verify(&self) -> Result<(), Error> {
        self.send(None).await?.error_for_status().map_err(with_hint)?;
        Ok(())
    }

    async fn send(&self, etag: Option<&str>) -> Result<Response, http::Error> {
        let mut request = Request::get(&self.path).header("accept", "text/csv, application/json;q=0.9, */*;q=0.5");
        if let Some(etag) = etag {
            request = request.header("if-none-match", etag);
        }
        if let Some(authorization) = &self.authorization {
            request = request.secret_header("authorization", authorization);
        }
        self.client.send(request).await
    }

    /// The packages; `None` where they are still those of that tag.
    async fn fetch(&self, etag: Option<&str>) -> Result<Option<Fetched>, Error> {
        self.client.retry(CONTEXT, |_| self.fetch_once(etag)).await
    }

    async fn fetch_once(&self, etag: Option<&str>) -> Result<Option<Fetched>, Error> {
        let response = self.send(etag).await?;
        if response.status() == 304 && etag.is_some() {
            return Ok(None);
        }
        let response = response.error_for_status().map_err(with_hint)?;
        let tag = response.header("etag").filter(|tag| tag.len() <= MAX_ETAG_CHARS).map(str::to_owned);
        let (head, has_proved_end) = (Signs::of_head(&response, |_| false), response.has_proved_end());
        let body = response.bytes(MAX_BYTES).await?;
        let (import, signs) = if is_json(&body) {
            read_json(&body)
        } else if has_proved_end || body.ends_with(b"\n") {
            read_csv(&body).map(|import| (import, Signs::default()))
        } else {
            // The last row may be half of one.
            return Err(contract("the connection ended in the middle of a line".to_owned()));
        }
        .map_err(|error| contract(error.to_string()))?;
        let mut ending = ending(head.and(signs), import.packages.len() as u64);
        // All of a file may have come; that is enough where nothing is removed.
        let is_open = self.delete_missing && !has_proved_end && !is_json(&body);
        if is_open && matches!(ending, Ending::ProvedEnd) {
            ending = Ending::UnprovedEnd(Unproved::Open);
        }
        Ok(Some(Fetched { import, ending, etag: tag }))
    }
}

impl ScopeWork for PackageSource {
    /// Stores what came. What did not come stays, unless missing packages are to be removed and it is proved that all came.
    async fn run(&self, scope: &Scope<'_>) -> Result<(), Error> {
        let started_at = scope.context.clock.now();
        let subject = Subject { account: None, rows: "packages" };
        let state = ScopeState { last_success_at: Some(started_at), not_before: None, ..scope.state.clone() };
        let live: BTreeSet<String> = scope.context.store.read(tables::load_package_codes)?.into_iter().collect();
        let known = scope.state.cursor.clone().and_then(|cursor| serde_json::from_value::<Version>(cursor).ok());
        let known = known.filter(|version| version.source == self.digest && !scope.context.flags.force);
        let Some(fetched) = self.fetch(known.as_ref().map(|version| version.etag.as_str())).await? else {
            scope.count_rows(|summary| summary.unchanged = scope.state.record_count.unwrap_or_default());
            return finish(scope, subject, Deletions::Allowed, state, |_| Ok(0)).await;
        };
        let Fetched { import, ending, etag } = fetched;
        let received = import.packages.len() as u64;
        // With that the guard decides.
        if received == 0 && !live.is_empty() && !self.delete_missing {
            return Err(contract(format!("the answer holds none, and {} are stored", live.len())));
        }
        let mut missing = live.clone();
        missing.retain(|_| self.delete_missing);
        for package in &import.packages {
            missing.remove(&package.code);
        }
        self.save(scope, import).await?;
        let counts = Counts { missing: missing.len() as u64, live: live.len() as u64, received, unreadable: 0 };
        let deletions = Deletions::check(scope, subject, ending, counts);
        if !deletions.are_allowed() {
            missing.clear();
        }
        let version = etag.map(|etag| Version { source: self.digest.clone(), etag });
        let cursor = version.and_then(|version| serde_json::to_value(version).ok());
        let state = ScopeState { cursor, record_count: Some(received), ..state };
        let meta = WriteMeta::now(scope);
        finish(scope, subject, deletions, state, move |w| {
            missing.iter().map(|code| tables::delete_package(w, code, &meta).map(u64::from)).sum()
        })
        .await
    }
}

impl PackageSource {
    async fn save(&self, scope: &Scope<'_>, import: Import) -> Result<(), Error> {
        let meta = WriteMeta::now(scope);
        let plan = scope.write(move |w| tables::save_import(w, import, &meta)).await?;
        scope.count_rows(|summary| {
            summary.new = plan.new_count;
            summary.updated = plan.updated_count;
            summary.unchanged = plan.unchanged_count;
        });
        Ok(())
    }
}

/// Whether all packages came by what the answer says of itself: it is the only page.
fn ending(signs: Signs, received: u64) -> Ending {
    let limits = Limits { max_pages: 1, max_stale_pages: 0 };
    let page = PageInfo { row_count: received, fresh_count: received, next: None, total: None, signs };
    match Paginator::new(1, limits).take(page) {
        Step::End(ending) => ending,
        Step::Next(_) | Step::Again(_) => Ending::Loop,
    }
}

fn contract(reason: String) -> Error {
    let error = Error::Contract { context: CONTEXT.to_owned(), reason };
    let hint = Some("look at what `url` under `[tasks.packages]` answers".to_owned());
    UpstreamSpecific { class: error.class(), hint, error: Box::new(error) }.into()
}

/// The address is set by another key than that of the platform.
fn with_hint(error: http::Error) -> http::Error {
    let mut error = error;
    if let http::Error::Status { status: 404, hint, .. } = &mut error {
        *hint = Some("check `url` under `[tasks.packages]`".into());
    }
    error
}
