//! What a batch of fetched tasks changes in the database.

use std::collections::BTreeMap;

use super::matching::{Match, Packages, State, decide};
use super::row::Task;
use crate::upstreams::digest::Digest;
use crate::upstreams::mirror::{ReadRow, RowOutcome};

/// What is stored of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTask {
    pub digest: Option<Digest>,
    pub matched: Match,
}

/// What to write for a batch, and what to count.
#[derive(Debug, Default)]
pub struct Plan<'r> {
    /// Tasks that are new or came with another content.
    pub tasks: Vec<&'r Task>,
    /// Matches that are new or another than before, by the task's id.
    pub matches: Vec<(&'r str, Match)>,
    /// What becomes of each task, in their order.
    pub outcomes: Vec<ReadRow<(RowOutcome, State)>>,
}

/// Plans a batch. `stored` holds those of its tasks that are in the database. A task is *updated* when its row or its
/// match changes.
pub fn plan_batch<'r>(tasks: &'r [Task], stored: &BTreeMap<String, StoredTask>, packages: &Packages) -> Plan<'r> {
    let mut plan = Plan::default();
    for task in tasks {
        let outcome = plan.take(task, stored.get(&task.id), packages);
        plan.outcomes.push(outcome);
    }
    plan
}

/// The pending tasks (id and name) that have a package now.
pub fn plan_rematch<'t>(pending: &'t [(String, String)], packages: &Packages) -> Vec<(&'t str, Match)> {
    pending
        .iter()
        .filter_map(|(id, name)| Some((id.as_str(), Match::Auto { code: packages.find(name)?.to_owned() })))
        .collect()
}

impl<'r> Plan<'r> {
    fn take(
        &mut self,
        task: &'r Task,
        stored: Option<&StoredTask>,
        packages: &Packages,
    ) -> ReadRow<(RowOutcome, State)> {
        let matched = decide(&task.name, stored.map(|stored| &stored.matched), packages)
            .map_err(|gone| task.refused(gone.to_string()))?;
        let state = matched.state();
        let is_row_changed = stored.is_none_or(|stored| stored.digest != Some(task.digest));
        let is_match_changed = stored.is_none_or(|stored| stored.matched != matched);
        if is_row_changed {
            self.tasks.push(task);
        }
        if is_match_changed {
            self.matches.push((&task.id, matched));
        }
        let outcome = match stored {
            None => RowOutcome::New,
            Some(_) if is_row_changed || is_match_changed => RowOutcome::Updated,
            Some(_) => RowOutcome::Unchanged,
        };
        Ok((outcome, state))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::tz::TimeZone;
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::{Plan, StoredTask, plan_batch, plan_rematch};
    use crate::store::Summary;
    use crate::upstreams::tasks::config::Fields;
    use crate::upstreams::tasks::matching::{Match, Packages};
    use crate::upstreams::tasks::row::{Task, read_row};

    const CODE: &str = "禹州-1015A-高三-5000";

    fn task(id: u32, name: &str, state: u32) -> Task {
        let json = format!(r#"{{"id":{id},"name":"{name}","state":{state}}}"#);
        read_row(&RawValue::from_string(json).unwrap(), &Fields::default(), &TimeZone::UTC).unwrap()
    }

    fn packages() -> Packages {
        Packages::new([CODE.to_owned()])
    }

    fn auto() -> Match {
        Match::Auto { code: CODE.to_owned() }
    }

    fn manual(code: &str) -> Match {
        Match::Manual { code: code.to_owned() }
    }

    /// What the database holds after these rows were planned and saved.
    fn stored(rows: &[(Task, Match)]) -> BTreeMap<String, StoredTask> {
        rows.iter()
            .map(|(task, matched)| {
                (task.id.clone(), StoredTask { digest: Some(task.digest), matched: matched.clone() })
            })
            .collect()
    }

    fn summary(plan: &Plan<'_>) -> Summary {
        let mut summary = Summary::default();
        for outcome in &plan.outcomes {
            match outcome {
                Ok((outcome, state)) => {
                    outcome.count(&mut summary);
                    state.count(&mut summary);
                }
                Err(_) => summary.failed += 1,
            }
        }
        Summary { total: summary.row_count(), ..summary }
    }

    fn check(
        rows: &[Task],
        stored: &BTreeMap<String, StoredTask>,
        saved: &[&str],
        matches: &[&str],
        expected: Summary,
    ) {
        let plan = plan_batch(rows, stored, &packages());
        assert_eq!(summary(&plan), expected);
        assert_eq!(plan.tasks.iter().map(|task| task.id.as_str()).collect::<Vec<_>>(), saved);
        assert_eq!(plan.matches.iter().map(|(id, _)| *id).collect::<Vec<_>>(), matches);
    }

    #[test]
    fn new_tasks_are_saved_with_their_match() {
        let rows = [task(1, CODE, 1), task(2, "other", 1)];
        let expected = Summary { total: 2, new: 2, matched: 1, pending: 1, ..Summary::default() };
        check(&rows, &BTreeMap::new(), &["1", "2"], &["1", "2"], expected);
    }

    #[test]
    fn only_what_changed_is_written() {
        let before = stored(&[
            (task(1, CODE, 1), auto()),
            (task(2, CODE, 1), auto()),
            (task(3, CODE, 1), Match::Pending),
            (task(4, "idle", 1), Match::Idle),
        ]);
        let rows = [task(1, CODE, 1), task(2, CODE, 2), task(3, CODE, 1), task(4, "idle", 1)];
        let expected = Summary { total: 4, updated: 2, unchanged: 2, matched: 3, idle: 1, ..Summary::default() };
        check(&rows, &before, &["2"], &["3"], expected);
    }

    #[test]
    fn a_manual_match_survives_and_fails_only_when_its_package_is_gone() {
        let before = stored(&[(task(1, "x", 1), manual(CODE)), (task(2, "y", 1), manual("gone"))]);
        let rows = [task(1, "x", 2), task(2, "y", 2)];
        let expected = Summary { total: 2, updated: 1, matched: 1, failed: 1, ..Summary::default() };
        check(&rows, &before, &["1"], &[], expected);
        let failure = plan_batch(&rows, &before, &packages()).outcomes.remove(1).unwrap_err();
        assert_eq!((failure.id.as_deref(), failure.name.as_deref()), (Some("2"), Some("y")));
        assert!(failure.reason.starts_with("数据包不存在"), "{}", failure.reason);
    }

    #[test]
    fn a_rematch_takes_the_pending_tasks_that_have_a_package_now() {
        let pending = [("1".to_owned(), format!("{CODE}-N-A-L3-1017")), ("2".to_owned(), "other".to_owned())];
        assert_eq!(plan_rematch(&pending, &packages()), [("1", auto())]);
    }

    proptest! {
        #[test]
        fn the_counts_add_up_and_a_second_pass_changes_nothing(
            drawn in prop::collection::vec((0..9u32, 0..4u8, prop::option::of(0..5u8)), 0..30),
        ) {
            let mut before = BTreeMap::new();
            let mut rows = Vec::new();
            for (id, (state, name, known)) in (0u32..).zip(drawn) {
                let name = ["x", "other", CODE, "1015A-高三-5000-N"][usize::from(name)];
                let known = known.map(|known| {
                    [auto(), manual(CODE), manual("gone"), Match::Pending, Match::Idle][usize::from(known)].clone()
                });
                if let Some(matched) = known {
                    before.extend(stored(&[(task(id, "before", state), matched)]));
                }
                rows.push(task(id, name, state));
            }
            let first = plan_batch(&rows, &before, &packages());
            let Summary { total, failed, matched, pending, idle, .. } = summary(&first);
            prop_assert_eq!(total, rows.len() as u64);
            prop_assert_eq!(matched + pending + idle, total - failed);

            for task in &first.tasks {
                let matched = before.get(&task.id).map_or(Match::Pending, |stored| stored.matched.clone());
                before.insert(task.id.clone(), StoredTask { digest: Some(task.digest), matched });
            }
            for (id, matched) in &first.matches {
                before.get_mut(*id).unwrap().matched = matched.clone();
            }
            let second = plan_batch(&rows, &before, &packages());
            prop_assert!(second.tasks.is_empty() && second.matches.is_empty());
            prop_assert_eq!(summary(&second).unchanged, total - failed);
        }
    }
}
