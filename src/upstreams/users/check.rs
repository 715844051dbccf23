//! The consistency check: what every target holds of every user, compared with the local users, and repaired.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};

use super::compare::compare;
use super::config::Config;
use super::findings::{self, Finding, FindingRange};
use super::outbox::{Recipients, repair_event, save_events};
use super::pass::{parts_of, save_success};
use super::queue::{has_dead, is_in_flight};
use super::redis::ScanCursor;
use super::tables::{load_last_event_seq, load_user, load_users_after};
use super::target::Target;
use super::user::User;
use crate::error::{Class, full_message};
use crate::store::{self, Writer};
use crate::text::ending;
use crate::upstreams::{Error, Scope, ScopeWork, UpstreamSpecific};

/// Users compared before what was found is stored.
const CHUNK: u64 = 500;

/// What the scope `users/check` works with.
pub struct Check<'a> {
    pub config: &'a Config,
    pub targets: Vec<&'a Target>,
    /// Other targets are left out.
    pub is_part: bool,
    pub repair: Repair,
}

/// What is done about what is found. What the last repair did not change is not repaired again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    Nothing,
    /// All but users with a dead letter, which would keep the repair back.
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
    /// The last repair changed nothing about them.
    unrepairable: u64,
    /// What these are about: fields, or the kind of difference.
    kept: BTreeSet<String>,
}

/// One user here; `None` in it when deleted.
type Known = (i64, Option<User>);

/// The findings of the last check, by user.
type Earlier = BTreeMap<i64, Finding>;

impl ScopeWork for Check<'_> {
    fn parts(&self) -> Option<Vec<String>> {
        parts_of(&self.targets, self.is_part)
    }

    async fn run(&self, scope: &Scope<'_>) -> Result<(), Error> {
        let started_at = scope.context.clock.now();
        let (mut checkable, mut failed) = (0, Vec::new());
        for target in &self.targets {
            if !target.can_check() {
                tracing::info!(target_name = target.name, "has no `check_url`: not checked");
                continue;
            }
            checkable += 1;
            let mut counts = CheckCounts::default();
            let ended = self.check_target(scope, target, &mut counts).await;
            self.close(scope, target, counts).await?;
            match ended {
                Ok(()) => {}
                Err(error) if error.class().is_fatal() => return Err(error),
                // The others are checked all the same.
                Err(error) => failed.push((target.name.as_str(), error)),
            }
        }
        if failed.is_empty() {
            // Those that were left out are due as they were.
            return if self.is_part { Ok(()) } else { save_success(scope, started_at).await };
        }
        // Where no target answers, nothing was checked, and that is the scope's failure.
        let failure = if failed.len() == checkable { failed.pop() } else { None };
        for (name, error) in &failed {
            scope.part_problem(error.class(), Some(name), unchecked(name, error));
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
        let earlier = load_earlier(scope, target, range)?;
        let (known, in_flight) = without_in_flight(scope, target, known)?;
        let compared = known.len() as u64;
        let found: Vec<Option<Finding>> = stream::iter(known)
            .map(|(user_id, user)| async move {
                if scope.context.cancel.is_cancelled() {
                    return Err(Error::Cancelled);
                }
                let there = target.fetch_user(user_id).await?;
                let compared = compare(user.as_ref(), there.as_ref());
                Ok(compared.map(|(difference, fields)| Finding::new(&target.name, user_id, difference, fields)))
            })
            .buffer_unordered(self.config.workers)
            .try_collect()
            .await?;
        counts.add(CheckCounts { checked: compared, in_flight, ..CheckCounts::default() });
        self.save(scope, target, Some(range), found.into_iter().flatten().collect(), &earlier, counts).await?;
        scope.advance(counts.checked, None, Some(&target.name));
        Ok(())
    }

    /// Looks for users the target has and that were never known here; those who are deleted here were compared already.
    async fn check_extra(&self, scope: &Scope<'_>, target: &Target, counts: &mut CheckCounts) -> Result<(), Error> {
        let mut range = Some(FindingRange::Unknown);
        let earlier = load_earlier(scope, target, FindingRange::Unknown)?;
        let mut from = Some(ScanCursor::default());
        while let Some(cursor) = from.take() {
            let Some(page) = target.fetch_user_ids(cursor).await? else { break };
            let found = scope.context.store.read(|r| {
                let mut found = Vec::new();
                for id in &page.user_ids {
                    if load_user(r, *id)?.is_none() {
                        found.push(Finding::extra(&target.name, *id));
                    }
                }
                Ok::<_, store::Error>(found)
            })?;
            self.save(scope, target, range.take(), found, &earlier, counts).await?;
            from = page.next;
        }
        Ok(())
    }

    /// Saves what was found in place of the earlier findings in that range, and with it the events that repair it, for this
    /// target alone.
    async fn save(
        &self,
        scope: &Scope<'_>,
        target: &Target,
        range: Option<FindingRange>,
        found: Vec<Finding>,
        earlier: &Earlier,
        counts: &mut CheckCounts,
    ) -> Result<(), Error> {
        if found.is_empty() && (range.is_none() || earlier.is_empty()) {
            return Ok(());
        }
        let found: Vec<(Finding, Option<Finding>)> = found
            .into_iter()
            .map(|finding| {
                let before = earlier.get(&finding.user_id).cloned();
                (finding, before)
            })
            .collect();
        let (name, repair) = (target.name.clone(), self.repair);
        let (record, now) = (scope.context.record.0, scope.context.clock.now());
        let saved = scope
            .write(move |w| {
                if let Some(range) = range {
                    findings::delete_findings(w, &name, range)?;
                }
                let mut saved = CheckCounts::default();
                for (mut finding, earlier) in found {
                    // Something may have happened to the user since.
                    if is_in_flight(w, &name, finding.user_id)? {
                        continue;
                    }
                    let last_seq = load_last_event_seq(w, &name, finding.user_id)?;
                    if earlier.is_some_and(|earlier| earlier.outlasts_repair(&finding, last_seq)) {
                        finding.repair_seq = Some(last_seq);
                        saved.unrepairable += 1;
                        saved.kept.extend(finding.subjects());
                    } else if is_wanted(w, repair, &finding)? {
                        let event = repair_event(finding.user_id, load_user(w, finding.user_id)?.as_ref());
                        let repaired = save_events(w, &[event], Recipients::Only(&name), Some(record), now)?;
                        finding.repair_seq = Some(repaired.last_seq);
                        finding.is_repaired = true;
                        saved.repaired += 1;
                    }
                    findings::save_finding(w, &finding, now)?;
                    saved.found += 1;
                }
                Ok(saved)
            })
            .await?;
        counts.add(saved);
        Ok(())
    }

    async fn close(&self, scope: &Scope<'_>, target: &Target, counts: CheckCounts) -> Result<(), Error> {
        let CheckCounts { checked, in_flight, found, repaired, unrepairable, kept } = counts;
        let (name, now) = (target.name.clone(), scope.context.clock.now());
        scope.write(move |w| findings::save_checked(w, &name, checked, in_flight, now)).await?;
        let left = found - repaired - unrepairable;
        scope.count(|summary| {
            summary.total += checked;
            summary.unchanged += checked.saturating_sub(found);
            summary.updated += repaired;
            summary.pending += in_flight;
            summary.failed += left + unrepairable;
        });
        let name = &target.name;
        if left > 0 {
            let s = ending(left);
            scope.part_problem(
                Class::Contract,
                Some(name),
                format!(
                    "target `{name}` differs about {left} user{s}: see `tongbu check users`, repair with `tongbu check users \
                     --repair`"
                ),
            );
        }
        if unrepairable > 0 {
            let s = ending(unrepairable);
            let kept = kept.into_iter().map(|subject| format!("`{subject}`")).collect::<Vec<_>>().join(", ");
            scope.part_problem(
                Class::Contract,
                Some(name),
                format!(
                    "target `{name}` still differs about {unrepairable} user{s} in {kept} after a repair, which is not sent \
                     again: see `tongbu check users`; once the target is corrected, send it again with `tongbu users \
                     events replay --user-id N --target {name}`"
                ),
            );
        }
        tracing::info!(target_name = name, checked, in_flight, found, repaired, unrepairable, "checked");
        Ok(())
    }
}

impl CheckCounts {
    fn add(&mut self, later: Self) {
        self.checked += later.checked;
        self.in_flight += later.in_flight;
        self.found += later.found;
        self.repaired += later.repaired;
        self.unrepairable += later.unrepairable;
        self.kept.extend(later.kept);
    }
}

/// Whether the finding is to be repaired.
fn is_wanted(w: &Writer<'_>, repair: Repair, finding: &Finding) -> Result<bool, store::Error> {
    match repair {
        Repair::Nothing => Ok(false),
        Repair::Promising => Ok(!has_dead(w, &finding.target, finding.user_id)?),
        Repair::All => Ok(true),
    }
}

fn load_earlier(scope: &Scope<'_>, target: &Target, range: FindingRange) -> Result<Earlier, Error> {
    let earlier = scope.context.store.read(|r| findings::load_findings_in(r, &target.name, range))?;
    Ok(earlier.into_iter().map(|finding| (finding.user_id, finding)).collect())
}

/// Leaves out users with an event in flight, who differ because it has not arrived yet.
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
