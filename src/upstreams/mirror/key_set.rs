//! A set of row keys, one bit each: millions of rows in a few hundred kilobytes.

/// Keys are the dense, ascending integer primary keys of a table.
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    words: Vec<u64>,
    count: u64,
}

impl KeySet {
    /// Adds the key; answers whether it is new.
    pub fn insert(&mut self, key: i64) -> bool {
        let Some((word, bit)) = word_and_bit(key) else { return false };
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let is_new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        self.count += u64::from(is_new);
        is_new
    }

    /// Takes the key out; answers whether it was there.
    pub fn remove(&mut self, key: i64) -> bool {
        let is_there = self.contains(key);
        if let Some((word, bit)) = word_and_bit(key).filter(|_| is_there) {
            self.words[word] &= !bit;
            self.count -= 1;
        }
        is_there
    }

    pub fn contains(&self, key: i64) -> bool {
        word_and_bit(key).is_some_and(|(word, bit)| self.words.get(word).is_some_and(|bits| bits & bit != 0))
    }

    pub const fn len(&self) -> u64 {
        self.count
    }

    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The keys of `self` that are not in `other`, ascending.
    pub fn minus<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = i64> + 'a {
        self.words.iter().enumerate().flat_map(move |(index, word)| {
            let mut left = word & !other.words.get(index).copied().unwrap_or(0);
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros();
                (left != 0).then(|| {
                    left &= left - 1;
                    i64::try_from(index * 64).unwrap_or(i64::MAX) + i64::from(bit)
                })
            })
        })
    }
}

fn word_and_bit(key: i64) -> Option<(usize, u64)> {
    let key = usize::try_from(key).ok()?;
    Some((key / 64, 1 << (key % 64)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::KeySet;

    fn key_set(keys: &BTreeSet<i64>) -> KeySet {
        let mut set = KeySet::default();
        for key in keys {
            assert!(set.insert(*key));
            assert!(!set.insert(*key));
        }
        set
    }

    proptest! {
        #[test]
        fn it_behaves_like_a_tree_set(
            one in proptest::collection::btree_set(0i64..500, 0..80),
            other in proptest::collection::btree_set(0i64..300, 0..80),
        ) {
            let (set, taken) = (key_set(&one), key_set(&other));
            prop_assert_eq!(set.len(), one.len() as u64);
            let left: Vec<i64> = one.difference(&other).copied().collect();
            prop_assert_eq!(set.minus(&taken).collect::<Vec<_>>(), left.clone());
            let mut removed = set.clone();
            for key in &other {
                prop_assert_eq!(set.contains(*key), one.contains(key));
                prop_assert_eq!(removed.remove(*key), one.contains(key));
            }
            prop_assert_eq!(removed.len(), left.len() as u64);
            prop_assert_eq!(removed.minus(&KeySet::default()).collect::<Vec<_>>(), left);
        }
    }
}
