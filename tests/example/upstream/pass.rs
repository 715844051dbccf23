//! One account's pass: every page of `GET /v1/machines`.

use serde::Deserialize;
use serde_json::value::RawValue;
use tongbu::http::{Client, Request};
use tongbu::secret::Secret;
use tongbu::upstreams::mirror::{Page, PagedSet, Signs, Subject};
use tongbu::upstreams::{Error, Scope, ScopeWork};

use super::tables::{MACHINES, Machine};

pub struct Api {
    pub client: Client,
    pub account: String,
    pub token: Secret,
}

#[derive(Deserialize)]
struct Answer {
    machines: Vec<Box<RawValue>>,
    total: u64,
    next: Option<u64>,
}

impl Api {
    pub async fn fetch_page(&self, number: u64) -> Result<Page<u64, Box<RawValue>>, Error> {
        let send = |_| async move {
            let request = Request::get("/v1/machines").query("page", &number.to_string());
            let request = request.secret_header("authorization", &self.token);
            let response = self.client.send(request).await?.error_for_status()?;
            let signs = Signs::of_head(&response, |_| false);
            let answer: Answer = response.json().await?;
            Ok(Page { rows: answer.machines, next: answer.next, total: Some(answer.total), signs })
        };
        self.client.retry("cannot read machines", send).await
    }
}

impl ScopeWork for &Api {
    async fn run(&self, scope: &Scope<'_>) -> Result<(), Error> {
        let subject = Subject { account: Some(&self.account), rows: "machines" };
        let set = PagedSet { table: &MACHINES, subject, parent: &[&self.account] };
        set.mirror::<Machine, _, _>(scope, 1, |number| self.fetch_page(number)).await
    }
}
