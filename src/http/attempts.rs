//! Sends a request again while its error allows it.

use std::error::Error as StdError;
use std::sync::atomic::Ordering;

use serde::de::DeserializeOwned;
use tokio::time::sleep;
use tracing::{info, warn};

use super::backoff::Backoff;
use super::client::Client;
use super::context::millis;
use super::error::Error;
use super::request::Request;
use super::retry::{Next, Retry, Retryable, later, plan_next};
use crate::error::full_message;
use crate::progress;

impl Client {
    /// Runs `attempt` (its number from 0) until it succeeds, its error does not ask for another try, or retries, budget
    /// or deadline are used up. `what` names the work in logs.
    ///
    /// An attempt is the whole of what must be done again: where it reads a body, it reads it to its end. An upstream
    /// that asks for a longer wait than the run has left, or than five minutes, ends it with
    /// [`Error::RetryAfterTooFar`].
    pub async fn retry<T, E, F>(&self, what: &str, mut attempt: impl FnMut(u32) -> F + Send) -> Result<T, E>
    where
        T: Send,
        E: Retryable + From<Error> + StdError + Send,
        F: Future<Output = Result<T, E>> + Send,
    {
        let upstream = self.profile().name;
        let context = self.context();
        let mut backoff = Backoff::new(self.profile());
        let mut patience = Backoff::patient(self.profile());
        let mut number = 0;
        loop {
            let error = match attempt(number).await {
                Ok(value) => {
                    if number > 0 {
                        info!(upstream, attempt = number, "{what} succeeded after {number} retries");
                    }
                    return Ok(value);
                }
                Err(error) => error,
            };
            let decision = error.retry();
            let is_throttled = matches!(decision, Retry::Throttled(_));
            if is_throttled {
                context.throttles.fetch_add(1, Ordering::Relaxed);
            }
            let pause = if is_throttled { patience.next() } else { backoff.next() };
            let wait = match plan_next(decision, pause, context.remaining()) {
                Next::GiveUp => return Err(error),
                Next::TooFar(wait) => {
                    let until = later(context.clock.now(), wait);
                    return Err(Error::RetryAfterTooFar { upstream, until, reason: error.to_string() }.into());
                }
                Next::Wait(wait) => wait,
            };
            // The budget limits requests to a failing upstream; a throttling one says by itself how often.
            if !is_throttled && !self.budget().take() {
                warn!(upstream, "{what} is not tried again: the retries of this run are used up");
                return Err(error);
            }
            number += 1;
            warn!(
                upstream,
                attempt = number,
                wait_ms = millis(wait),
                error = full_message(&error),
                "{what} failed, trying again"
            );
            let reason = format!("trying again in {:.1} s: {error}", wait.as_secs_f64());
            progress::report_wait(&reason, Some(later(context.clock.now(), wait)));
            context.retries.fetch_add(1, Ordering::Relaxed);
            context.bounded(upstream, sleep(wait)).await?;
        }
    }

    /// Sends with retries, expects a good status and a JSON document no larger than the profile's limit (and than
    /// [`Response::json`] takes).
    pub async fn fetch_json<T: DeserializeOwned + Send>(&self, request: Request) -> Result<T, Error> {
        let what = request.label(self.profile().name).to_string();
        self.retry(&what, |_| {
            let request = request.clone();
            async { self.send(request).await?.error_for_status()?.json().await }
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Client, Error, Retry, Retryable};
    use crate::error::Class;
    use crate::http::backoff::THROTTLED_RETRIES;
    use crate::http::context::tests::context;
    use crate::http::label::RequestLabel;
    use crate::http::profile::tests::profile;

    const fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn status(status: u16, retry_after: Option<Duration>) -> Error {
        let request = RequestLabel::new("fairing", "GET", "/api/responses");
        let retry_after = retry_after.map(|wait| (wait, "2026-01-02T03:04:05Z".parse().unwrap()));
        Error::Status { request, status, excerpt: None, hint: None, retry_after }
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_is_repeated_until_it_succeeds_and_counted() {
        let context = context(None);
        let client = Client::new(profile(), context.clone()).unwrap();
        let started = Instant::now();
        let value = client.retry("a page", async |number| match number {
            0 => Err(status(503, Some(seconds(40)))),
            1 => Err(status(502, None)),
            _ => Ok(number),
        });
        assert_eq!(value.await.unwrap(), 2);
        assert_eq!(context.retries.load(Ordering::Relaxed), 2);
        let waited = started.elapsed();
        assert!(waited >= seconds(40) && waited <= seconds(44), "{waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_error_is_told_when_retries_are_used_up() {
        let client = Client::new(profile(), context(None)).unwrap();
        let mut tries = 0;
        let error = client
            .retry("a page", |_| {
                tries += 1;
                async { Err::<(), _>(status(500, None)) }
            })
            .await
            .unwrap_err();
        assert_eq!((tries, error.class(), error.status()), (4, Class::Unavailable, Some(500)));
    }

    #[tokio::test(start_paused = true)]
    async fn clones_share_one_budget() {
        let context = context(None);
        let client = Client::new(profile(), context.clone()).unwrap();
        for clone in [client.clone(), client.clone(), client] {
            let failed = clone.retry("a page", async |_| Err::<(), _>(status(500, None))).await;
            assert_eq!(failed.unwrap_err().status(), Some(500));
        }
        assert_eq!(context.retries.load(Ordering::Relaxed), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_too_long_for_the_run_is_told_at_once_with_its_end() {
        let started = Instant::now();
        let client = Client::new(profile(), context(Some(started + seconds(30)))).unwrap();
        let error = client.retry("a page", async |_| Err::<(), _>(status(429, Some(seconds(60))))).await.unwrap_err();
        assert_eq!(started.elapsed(), Duration::ZERO);
        assert_eq!(error.not_before(), Some("2026-01-02T03:05:05Z".parse().unwrap()));
        assert_eq!(error.class(), Class::Unavailable);
        assert_eq!(
            error.to_string(),
            "cannot wait for fairing until 2026-01-02T03:05:05Z: \
             fairing: 429 Too Many Requests from `GET /api/responses`"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancelled_run_does_not_wait_for_its_next_try() {
        let context = context(None);
        let client = Client::new(profile(), context.clone()).unwrap();
        let started = Instant::now();
        let cancel = async {
            tokio::time::sleep(seconds(1)).await;
            context.cancel.cancel();
        };
        let work = client.retry("a page", async |_| Err::<(), _>(status(429, Some(seconds(60)))));
        let (outcome, ()) = tokio::join!(work, cancel);
        assert_eq!(outcome.unwrap_err().class(), Class::Interrupted);
        assert_eq!(started.elapsed(), seconds(1));
    }

    /// An error of an upstream that has its own words for throttling.
    #[derive(Debug, thiserror::Error)]
    enum Busy {
        #[error("too many requests")]
        Throttled,
        #[error(transparent)]
        Http(#[from] Error),
    }

    impl Retryable for Busy {
        fn retry(&self) -> Retry {
            match self {
                Self::Throttled => Retry::Throttled(None),
                Self::Http(error) => error.retry(),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_outlasts_the_minute_without_using_up_the_budget() {
        let context = context(None);
        let client = Client::new(profile(), context.clone()).unwrap();
        let mut tries = 0;
        let started = Instant::now();
        let refused = client
            .retry("a page", |_| {
                tries += 1;
                async { Err::<(), _>(Busy::Throttled) }
            })
            .await;
        assert!(matches!(refused, Err(Busy::Throttled)));
        assert_eq!(tries, 1 + THROTTLED_RETRIES);
        assert!(started.elapsed() > seconds(60), "{:?}", started.elapsed());
        assert!(client.budget().take(), "a failure after it may be tried again");
    }
}
