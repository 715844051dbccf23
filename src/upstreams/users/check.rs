//! The consistency check: every target is asked about every user, and told where it is wrong.

use futures_util::{StreamExt, TryStreamExt, stream};

use super::compare::{Difference, FieldDifference, compare};
use super::config::Config;
use super::findings::{self, Finding, FindingRange};
use super::outbox::{Recipients, repair_event, save_events};
use super::pass::save_success;
use super::queue::{has_open, is_repair_dead, load_enqueued_seq};
use super::redis::ScanCursor;
use super::tables::{load_last_event_seq, load_user, load_users_after};
use super::target::Target;
use super::user::User;
use crate::error::{Class, full_message};
use crate::store::{self, Reader};
use crate::upstreams::{Error, Scope, ScopeWork, UpstreamSpecific};

/// Users compared before what was found is stored.
const CHUNK: u64 = 500;

/// What the scope `users/check` works with.
pub struct Check<'a> {
    pub config: &'a Config,
    pub targets: Vec<&'a Target>,
    pub repair: Repair,
}

/// What is done about what is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    Nothing,
    /// All but users whose last repair is a dead letter: another would become one, too, check after check.
    Promising,
    All,
}

/// What one target's check adds up to.
#[derive(Default)]
struct CheckCounts {
    checked: u64,
    in_flight: u64,
    found: u64,
    repaired: u64,
    /// An earlier check left findings, which may be out of date.
    had_findings: bool,
}

/// One user here; `None` in it when gone.
type Known = (i64, Option<User>);

/// What is to be stored of a user.
struct Found {
    user_id: i64,
    difference: Difference,
    fields: Vec<FieldDifference>,
}

impl ScopeWork for Check<'_> {
    async fn run(&self, scope: &Scope<'_>) -> Result<(), Error> {
        let started_at = scope.context.clock.now();
        let (mut asked, mut failed) = (0, Vec::new());
        for target in &self.targets {
            if !target.can_check() {
                tracing::info!(target_name = target.name, "has no `check_url`: not checked");
                continue;
            }
            asked += 1;
            let mut counts = CheckCounts::default();
            let ended = self.check_target(scope, target, &mut counts).await;
            self.close(scope, target, &counts).await?;
            match ended {
                Ok(()) => {}
                Err(error) if error.class().is_fatal() => return Err(error),
                // The others are asked all the same.
                Err(error) => failed.push((target.name.as_str(), error)),
            }
        }
        if failed.is_empty() {
            return save_success(scope, started_at).await;
        }
        // Where no target could be asked, nothing was checked, and that is the scope's failure.
        let failure = if failed.len() == asked { failed.pop() } else { None };
        for (name, error) in &failed {
            scope.scope_problem(error.class(), unchecked(name, error));
        }
        failure.map_or(Ok(()), |(name, error)| {
            Err(UpstreamSpecific {
                class: error.class(),
                hint: Some(error.hint()),
                error: unchecked(name, &error).into(),
            }
            .into())
        })
    }
}

fn unchecked(target: &str, error: &Error) -> String {
    format!("cannot check target `{target}`: {}", full_message(error))
}

impl Check<'_> {
    async fn check_target(&self, scope: &Scope<'_>, target: &Target, counts: &mut CheckCounts) -> Result<(), Error> {
        let earlier = scope.context.store.read(|r| findings::load_checked(r, &target.name))?;
        counts.had_findings = earlier.is_some_and(|earlier| earlier.found() > 0);
        let mut after = 0;
        loop {
            let users = scope.context.store.read(|r| load_users_after(r, after, CHUNK))?;
            let Some((last, _)) = users.last() else { break };
            let range = FindingRange::Known { after, last: *last };
            after = *last;
            let known: Vec<Known> =
                users.into_iter().map(|(id, known)| (id, (!known.is_deleted).then_some(known.user))).collect();
            self.check_users(scope, target, range, known, counts).await?;
        }
        self.check_extra(scope, target, counts).await
    }

    /// Compares these users, several at once.
    async fn check_users(
        &self,
        scope: &Scope<'_>,
        target: &Target,
        range: FindingRange,
        known: Vec<Known>,
        counts: &mut CheckCounts,
    ) -> Result<(), Error> {
        let (known, in_flight) = without_in_flight(scope, target, known)?;
        let compared = known.len() as u64;
        let found: Vec<Option<Found>> = stream::iter(known)
            .map(|(user_id, user)| async move {
                if scope.context.cancel.is_cancelled() {
                    return Err(Error::Cancelled);
                }
                let there = target.fetch_user(user_id).await?;
                let compared = compare(user.as_ref(), there.as_ref());
                Ok(compared.map(|(difference, fields)| Found { user_id, difference, fields }))
            })
            .buffer_unordered(self.config.workers)
            .try_collect()
            .await?;
        counts.in_flight += in_flight;
        counts.checked += compared;
        self.save(scope, target, range, found.into_iter().flatten().collect(), counts).await?;
        scope.advance(counts.checked, None, Some(&target.name));
        Ok(())
    }

    /// Looks for users the target has and nobody here ever heard of; those who are gone here were asked about already.
    async fn check_extra(&self, scope: &Scope<'_>, target: &Target, counts: &mut CheckCounts) -> Result<(), Error> {
        let mut range = FindingRange::Unknown;
        let mut from = Some(ScanCursor::default());
        while let Some(cursor) = from.take() {
            let Some(page) = target.fetch_user_ids(cursor).await? else { break };
            let unknown: Vec<Known> = scope.context.store.read(|r| {
                let mut unknown = Vec::new();
                for id in &page.user_ids {
                    if load_user(r, *id)?.is_none() {
                        unknown.push((*id, None));
                    }
                }
                Ok::<_, store::Error>(unknown)
            })?;
            let found = unknown.into_iter().map(|(user_id, _)| Found {
                user_id,
                difference: Difference::Extra,
                fields: Vec::new(),
            });
            self.save(scope, target, range, found.collect(), counts).await?;
            range = FindingRange::More;
            from = page.next;
        }
        Ok(())
    }

    /// Keeps what was found instead of what an earlier check found, and with it the events that repair it, for this
    /// target alone.
    async fn save(
        &self,
        scope: &Scope<'_>,
        target: &Target,
        range: FindingRange,
        found: Vec<Found>,
        counts: &mut CheckCounts,
    ) -> Result<(), Error> {
        if found.is_empty() && !counts.had_findings {
            return Ok(());
        }
        let (name, repair) = (target.name.clone(), self.repair);
        let (record, now) = (scope.context.record.0, scope.context.clock.now());
        let (saved, repaired) = scope
            .write(move |w| {
                findings::delete_findings(w, &name, range)?;
                let (mut saved, mut repaired) = (0, 0);
                for Found { user_id, difference, fields } in found {
                    // Something may have happened to the user since.
                    if is_in_flight(w, &name, user_id)? {
                        continue;
                    }
                    let is_repaired = match repair {
                        Repair::Nothing => false,
                        Repair::Promising => !is_repair_dead(w, &name, user_id)?,
                        Repair::All => true,
                    };
                    let finding = Finding { target: name.clone(), user_id, difference, fields, is_repaired };
                    findings::save_finding(w, &finding, now)?;
                    if is_repaired {
                        let event = repair_event(user_id, load_user(w, user_id)?.as_ref());
                        save_events(w, &[event], Recipients::Only(&name), Some(record), now)?;
                    }
                    saved += 1;
                    repaired += u64::from(is_repaired);
                }
                Ok((saved, repaired))
            })
            .await?;
        counts.found += saved;
        counts.repaired += repaired;
        Ok(())
    }

    async fn close(&self, scope: &Scope<'_>, target: &Target, counts: &CheckCounts) -> Result<(), Error> {
        let CheckCounts { checked, in_flight, found, repaired, .. } = *counts;
        let (name, now) = (target.name.clone(), scope.context.clock.now());
        scope.write(move |w| findings::save_checked(w, &name, checked, in_flight, now)).await?;
        let left = found - repaired;
        scope.count(|summary| {
            summary.total += checked;
            summary.unchanged += checked.saturating_sub(found);
            summary.updated += repaired;
            summary.pending += in_flight;
            summary.failed += left;
        });
        if left > 0 {
            scope.scope_problem(
                Class::Contract,
                format!(
                    "target `{}` differs about {left} users: see `tongbu check users`, repair with `tongbu check users \
                     --repair`",
                    target.name
                ),
            );
        }
        tracing::info!(target_name = target.name, checked, in_flight, found, repaired, "checked");
        Ok(())
    }
}

/// Leaves out whom an event is on its way for: they are different because they are late.
fn without_in_flight(scope: &Scope<'_>, target: &Target, known: Vec<Known>) -> Result<(Vec<Known>, u64), Error> {
    let before = known.len();
    let known = scope.context.store.read(|r| {
        let mut settled = Vec::with_capacity(known.len());
        for (id, user) in known {
            if !is_in_flight(r, &target.name, id)? {
                settled.push((id, user));
            }
        }
        Ok::<_, store::Error>(settled)
    })?;
    let in_flight = (before - known.len()) as u64;
    Ok((known, in_flight))
}

/// Whether an event of the user is still on its way to the target.
fn is_in_flight(r: &Reader<'_>, target: &str, user_id: i64) -> Result<bool, store::Error> {
    Ok(has_open(r, target, user_id)? || load_last_event_seq(r, target, user_id)? > load_enqueued_seq(r, target)?)
}
