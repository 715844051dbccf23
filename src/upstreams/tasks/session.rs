//! Sends requests with a token, which is fetched when there is none, and once more when it is refused.

use super::api::{AnswerError, Page, page_request, read_page, read_token, token_request};
use super::config::{Config, Credentials};
use super::token::TokenFile;
use super::window::Period;
use crate::error::Class;
use crate::http::{self, Client, Jitter, Profile, Request, Response};
use crate::secret::{MASK, Secret};
use crate::upstreams::{Error, PassContext, http_profile};

/// A page of 1,000 tasks is far smaller.
const MAX_ANSWER_BYTES: u64 = 32 << 20;

/// The platform, with the way to log in to it.
pub struct Api {
    client: Client,
    credentials: Credentials,
}

/// The conversation of one scope.
pub struct Session<'a> {
    api: &'a Api,
    config: &'a Config,
    context: &'a PassContext,
    /// `None` where several hosts share the database: each pass logs in.
    file: Option<TokenFile>,
    token: Option<Secret>,
}

/// The HTTP profile: retries follow the documented schedule, to the second.
pub fn profile(name: &'static str, base_url: &str, config: &Config) -> Result<Profile, Error> {
    Ok(Profile { jitter: Jitter::None, ..http_profile(name, base_url, &config.http, None)? })
}

impl Api {
    pub const fn new(client: Client, credentials: Credentials) -> Self {
        Self { client, credentials }
    }

    /// Logs in.
    pub async fn fetch_token(&self) -> Result<Secret, Error> {
        const CONTEXT: &str = "cannot log in";
        let answer = self.request(CONTEXT, token_request(&self.credentials), read_token).await?;
        answer.map_err(|refused| refused.during(CONTEXT))
    }

    /// Sends with retries and reads the answer. A refused token is no error yet. No error names the user, even where the upstream does.
    async fn request<T: Send>(
        &self,
        context: &str,
        request: Request,
        read: fn(&[u8]) -> Result<T, AnswerError>,
    ) -> Result<Result<T, AnswerError>, Error> {
        self.client
            .retry(context, |_| {
                let request = request.clone();
                async move { self.request_once(context, request, read).await }
            })
            .await
    }

    async fn request_once<T>(
        &self,
        context: &str,
        request: Request,
        read: fn(&[u8]) -> Result<T, AnswerError>,
    ) -> Result<Result<T, AnswerError>, Error> {
        let body = self.send(request).await?.bytes(MAX_ANSWER_BYTES).await?;
        match read(&body) {
            Ok(answer) => Ok(Ok(answer)),
            Err(refused @ AnswerError::Token { .. }) => Ok(Err(refused)),
            Err(AnswerError::Refused { code, message, verdict }) => {
                Err(AnswerError::Refused { code, message: self.without_username(message), verdict }.during(context))
            }
            Err(error @ AnswerError::Contract { .. }) => Err(error.during(context)),
        }
    }

    /// Sends; of a refusal no word names the user.
    async fn send(&self, request: Request) -> Result<Response, http::Error> {
        match self.client.send(request).await?.error_for_status() {
            Err(http::Error::Status { request, status, excerpt, hint, retry_after }) => {
                let excerpt = excerpt.map(|excerpt| self.without_username(excerpt.into_string()).into_boxed_str());
                Err(http::Error::Status { request, status, excerpt, hint, retry_after })
            }
            answer => answer,
        }
    }

    /// The upstream's words without the user's name. It is no secret that could be taken out of every text, for it may
    /// be an ordinary word.
    fn without_username(&self, words: String) -> String {
        match &self.credentials {
            Credentials::Password { username, .. } if !username.is_empty() => words.replace(username, MASK),
            Credentials::Password { .. } | Credentials::Secret(_) => words,
        }
    }
}

impl<'a> Session<'a> {
    /// Begins with the token of an earlier run, if there is one. A dry run keeps none.
    pub fn new(api: &'a Api, config: &'a Config, context: &'a PassContext) -> Self {
        let database = context.store.location().file();
        let file = database.map(|database| TokenFile::beside(database, &config.base_url, &api.credentials));
        let token = file.as_ref().and_then(TokenFile::load);
        Self { api, config, context, file, token }
    }

    /// One page of the list. A refused token is dropped, another one fetched, and the page requested once more; a
    /// second refusal is *auth*.
    pub async fn fetch_page(&mut self, period: Period, number: u32) -> Result<Page, Error> {
        let context = format!("cannot read page {number} of the tasks {period}");
        let page = self.try_page(&context, period, number).await;
        if page.as_ref().is_err_and(|error| error.class() == Class::Auth) {
            // Whatever was wrong with it: the next run shall log in afresh.
            self.forget();
        }
        page
    }

    async fn try_page(&mut self, context: &str, period: Period, number: u32) -> Result<Page, Error> {
        let mut token = match self.token.take() {
            Some(token) => token,
            None => self.fetch_token().await?,
        };
        let mut answer = self.request_page(context, period, number, &token).await?;
        if let Err(refused) = &answer {
            tracing::warn!("{refused}: logging in once more");
            token = self.renew(&token).await?;
            answer = self.request_page(context, period, number, &token).await?;
        }
        let page = answer.map_err(|refused| refused.during(context))?;
        self.token = Some(token);
        Ok(page)
    }

    async fn request_page(
        &self,
        context: &str,
        period: Period,
        number: u32,
        token: &Secret,
    ) -> Result<Result<Page, AnswerError>, Error> {
        self.api.request(context, page_request(self.config, period, number, token), read_page).await
    }

    /// Another token than the refused one: the one another run has fetched meanwhile, or a new one. Where a new one
    /// invalidates the others, two runs side by side would take it from each other for ever.
    async fn renew(&self, refused: &Secret) -> Result<Secret, Error> {
        match self.file.as_ref().and_then(TokenFile::load).filter(|known| known.expose() != refused.expose()) {
            Some(token) => Ok(token),
            None => self.fetch_token().await,
        }
    }

    async fn fetch_token(&self) -> Result<Secret, Error> {
        self.forget();
        let token = self.api.fetch_token().await?;
        if !self.context.store.is_dry_run()
            && let Some(file) = &self.file
            && let Err(error) = file.save(&token)
        {
            let path = file.path().display();
            self.context.warn(format!("cannot keep the token in `{path}`, so every run will log in: {error}"));
        }
        Ok(token)
    }

    fn forget(&self) {
        if !self.context.store.is_dry_run() {
            self.file.as_ref().inspect(|file| file.delete());
        }
    }
}
