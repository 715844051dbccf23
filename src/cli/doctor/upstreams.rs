//! One request to every configured upstream for each of its credentials.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::finding::{Check, Finding};
use crate::cli::config::check_one;
use crate::cli::error::Error;
use crate::cli::session::Session;
use crate::config::{Config, env};
use crate::error::Class;
use crate::http::{Context, Proxies};
use crate::run;
use crate::upstreams::{self, Aspect, Caution, Failure, Opening, Registration, Verified};

/// All upstreams are called at once; one that takes longer, retries and pauses included, counts as unreachable.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the clients are made with.
pub fn context(session: &Session, is_offline: bool) -> Context {
    let detached = Context::detached(session.ui.clock().clone(), "doctor");
    let deadline = Instant::now().checked_add(PATIENCE).filter(|_| !is_offline);
    Context { deadline, proxies: Proxies::new(env::var), ..detached }
}

/// Whether every credential is accepted; offline, whether it is there.
pub fn check_credentials(config: &Config, context: &Context, is_offline: bool) -> Result<Vec<Finding>, Error> {
    let hint = "fill in an upstream in the file that `tongbu config path` shows";
    let (configured, idle): (Vec<_>, Vec<_>) =
        upstreams::all().filter(|known| config.has_section(known.name)).partition(|known| known.is_in_use(config));
    if configured.is_empty() && idle.is_empty() {
        return Ok(vec![Finding::warning(Check::Credentials, "no upstream is configured", hint)]);
    }
    let mut findings: Vec<_> = idle
        .iter()
        .map(|known| Finding::warning(Check::Credentials, "its section holds nothing to sync", hint).of(known.name))
        .collect();
    let opening = Opening { config, http: context };
    if is_offline {
        findings.extend(configured.into_iter().map(|known| looked_up(known, &opening)));
        return Ok(findings);
    }
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(upstreams::Error::Runtime)?;
    let answers = join_all(configured.iter().map(|known| ask(known, &opening)));
    findings.extend(runtime.block_on(answers).into_iter().flatten());
    Ok(findings)
}

/// Whether each mail server takes our credentials.
pub fn check_mail_servers(config: &Config, is_offline: bool) -> Vec<Finding> {
    if is_offline {
        return Vec::new();
    }
    let finding = |(key, outcome): (String, Result<(), Failure>)| match outcome {
        Ok(()) => Finding::ok(Check::Mail, "the mail server answered").of(key),
        Err(failure) => Finding::failed(Check::Mail, &failure).of(key),
    };
    run::verify_mail(config).into_iter().map(finding).collect()
}

fn looked_up(registration: &Registration, opening: &Opening<'_>) -> Finding {
    let finding = match check_one(registration, opening) {
        Ok(()) => Finding::ok(Check::Credentials, "there, and not sent"),
        Err(failure) => Finding::failed(Check::Credentials, &failure),
    };
    finding.of(registration.name)
}

async fn ask(registration: &Registration, opening: &Opening<'_>) -> Vec<Finding> {
    match (registration.verify)(opening).await {
        Ok(verified) => verified.into_iter().map(|verified| answered(registration.name, verified)).collect(),
        Err(error) => vec![refused(Check::Credentials, &error).of(registration.name)],
    }
}

fn answered(upstream: &str, Verified { aspect, subject, outcome }: Verified) -> Finding {
    let (check, good) = match aspect {
        Aspect::Credentials => (Check::Credentials, "answered"),
        Aspect::Rights => (Check::Rights, "allowed"),
        Aspect::Durability => (Check::Durability, "kept on disk"),
    };
    let finding = match outcome {
        Ok(None) => Finding::ok(check, good),
        Ok(Some(Caution { found, hint })) => Finding::warning(check, found, hint),
        Err(error) => refused(check, &error),
    };
    finding.of(if subject == upstream { subject } else { format!("{upstream}/{subject}") })
}

fn refused(check: Check, error: &upstreams::Error) -> Finding {
    let mut failure = Failure::from(error);
    if failure.class == Class::Contract {
        // No record keeps what was answered here.
        "see whether its address in the configuration is right; if the upstream changed its answers, update tongbu"
            .clone_into(&mut failure.hint);
    }
    if failure.class != Class::Deadline {
        return Finding::failed(check, &failure);
    }
    let message = format!("no answer within {}", humantime::format_duration(PATIENCE));
    let hint = "see whether the upstream can be reached from here at all".to_owned();
    Finding::failed(check, &Failure { hint, ..Failure::plain(Class::Unavailable, message) })
}
