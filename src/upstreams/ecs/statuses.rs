//! `--status-only`: the statuses of known instances, and the ids the provider no longer knows.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::instance::{InstanceId, Status};

/// A round over known instances, chunk by chunk.
#[derive(Debug)]
pub struct StatusRound {
    waiting: VecDeque<Vec<InstanceId>>,
    known: BTreeMap<InstanceId, Status>,
    missing: BTreeSet<InstanceId>,
}

impl StatusRound {
    /// `chunk` is the most one call may name.
    pub fn new(ids: &[InstanceId], chunk: usize) -> Self {
        let waiting = ids.chunks(chunk.max(1)).map(<[_]>::to_vec).collect();
        Self { waiting, known: BTreeMap::new(), missing: BTreeSet::new() }
    }

    /// The next instances to name in a call; hand them back with the outcome.
    pub fn next_chunk(&mut self) -> Option<Vec<InstanceId>> {
        self.waiting.pop_front()
    }

    /// The call for that chunk was answered: what is not in the answer is missing.
    pub fn answered(&mut self, chunk: Vec<InstanceId>, mut statuses: BTreeMap<InstanceId, Status>) {
        for id in chunk {
            match statuses.remove(&id) {
                Some(status) => drop(self.known.insert(id, status)),
                None => drop(self.missing.insert(id)),
            }
        }
    }

    /// The call for that chunk was refused because it names an unknown instance: its halves are named instead, down to
    /// the instance itself.
    pub fn refused_as_unknown(&mut self, mut chunk: Vec<InstanceId>) {
        if chunk.len() <= 1 {
            self.missing.extend(chunk);
            return;
        }
        let rest = chunk.split_off(chunk.len() / 2);
        self.waiting.push_front(rest);
        self.waiting.push_front(chunk);
    }

    /// The statuses, and the instances without one.
    pub fn finish(self) -> (BTreeMap<InstanceId, Status>, BTreeSet<InstanceId>) {
        (self.known, self.missing)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::StatusRound;
    use crate::upstreams::ecs::instance::{InstanceId, Status};

    fn ids(numbers: impl IntoIterator<Item = usize>) -> Vec<InstanceId> {
        numbers.into_iter().map(|number| InstanceId(format!("i-{number:03}"))).collect()
    }

    /// Asks a provider that knows all but `gone` and, where `refuses`, refuses a whole chunk for one of them.
    fn check(count: usize, chunk: usize, gone: &[usize], refuses: bool) -> usize {
        let gone = ids(gone.iter().copied());
        let mut round = StatusRound::new(&ids(0..count), chunk);
        let mut calls = 0;
        while let Some(named) = round.next_chunk() {
            assert!(named.len() <= chunk);
            calls += 1;
            if refuses && named.iter().any(|id| gone.contains(id)) {
                round.refused_as_unknown(named);
            } else {
                let answer: BTreeMap<_, _> =
                    named.iter().filter(|id| !gone.contains(id)).map(|id| (id.clone(), Status::Running)).collect();
                round.answered(named, answer);
            }
        }
        let (known, missing) = round.finish();
        assert_eq!(missing.into_iter().collect::<Vec<_>>(), gone);
        assert_eq!(known.len(), count - gone.len());
        calls
    }

    #[test]
    fn every_instance_is_asked_for_and_the_missing_are_named() {
        assert_eq!(check(0, 50, &[], false), 0);
        assert_eq!(check(120, 50, &[], false), 3);
        assert_eq!(check(120, 50, &[0, 77, 119], false), 3);
    }

    #[test]
    fn one_unknown_instance_does_not_hide_the_others() {
        assert_eq!(check(1, 50, &[0], true), 1);
        // Each of the three is found by halving its chunk of 50, six times at most, two calls each.
        assert!(check(120, 50, &[0, 77, 119], true) <= 3 + 3 * 6 * 2);
    }
}
