//! How alike two texts are, and which of many are most alike.
//!
//! The measure is Ratcliff and Obershelp's: take the longest common block, then the same left and right of it; twice
//! the characters found over all characters.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use schemars::JsonSchema;
use serde::Serialize;

/// More suggestions are not worth reading.
pub const SUGGESTIONS: usize = 5;

/// Texts are compared up to this many characters: the work grows with the product of the lengths, and an upstream or a
/// file may send any length.
const COMPARED_CHARS: usize = 200;

/// One similar text.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Suggestion {
    pub code: String,
    /// From 0 to 1; 1 is equal.
    #[schemars(range(min = 0, max = 1))]
    pub similarity: f64,
}

/// How alike `a` and `b` are: 1 for equal texts, 0 for texts without a common character. Of blocks equally long, the
/// first in `a`, then in `b`, counts.
pub fn similarity(a: &str, b: &str) -> f64 {
    let (a, b) = (compared(a), compared(b));
    share(matching_chars(&a, &b, &mut Vec::new()), a.len() + b.len())
}

/// Texts prepared for many searches.
#[derive(Debug)]
pub struct Index {
    candidates: Vec<Candidate>,
    /// Every character of every candidate, numbered.
    alphabet: HashMap<char, usize>,
}

#[derive(Debug)]
struct Candidate {
    code: String,
    chars: Vec<char>,
    /// How often each character occurs, by its number in the alphabet.
    bag: Vec<(usize, usize)>,
}

impl Index {
    pub fn new<'c>(codes: impl IntoIterator<Item = &'c str>) -> Self {
        let mut alphabet = HashMap::new();
        let candidates = codes
            .into_iter()
            .map(|code| {
                let chars = compared(code);
                let mut bag: Vec<(usize, usize)> = Vec::with_capacity(chars.len());
                for character in &chars {
                    let next = alphabet.len();
                    let number = *alphabet.entry(*character).or_insert(next);
                    match bag.iter_mut().find(|(known, _)| *known == number) {
                        Some((_, count)) => *count += 1,
                        None => bag.push((number, 1)),
                    }
                }
                Candidate { code: code.to_owned(), chars, bag }
            })
            .collect();
        Self { candidates, alphabet }
    }

    /// Up to [`SUGGESTIONS`] texts that have anything in common with `wanted`, the most similar first, equals by code.
    ///
    /// No common blocks hold more characters than the two texts share in any order. That bound is cheap, so candidates
    /// are measured in its order until none left can be among the best.
    pub fn suggest(&self, wanted: &str) -> Vec<Suggestion> {
        let wanted = compared(wanted);
        let mut supply = vec![0; self.alphabet.len()];
        for character in &wanted {
            if let Some(number) = self.alphabet.get(character) {
                supply[*number] += 1;
            }
        }
        let mut by_bound: BinaryHeap<(u64, Reverse<usize>)> = self
            .candidates
            .iter()
            .enumerate()
            .map(|(place, candidate)| {
                let shared: usize = candidate.bag.iter().map(|(number, count)| supply[*number].min(*count)).sum();
                // The bits of numbers that are not negative are ordered as the numbers are.
                (share(shared, wanted.len() + candidate.chars.len()).to_bits(), Reverse(place))
            })
            .collect();
        let mut best: Vec<(f64, &Candidate)> = Vec::with_capacity(SUGGESTIONS + 1);
        let mut row = Vec::new();
        while let Some((bound, Reverse(place))) = by_bound.pop() {
            let bound = f64::from_bits(bound);
            if bound == 0.0 || (best.len() == SUGGESTIONS && best[SUGGESTIONS - 1].0 > bound) {
                break;
            }
            let candidate = &self.candidates[place];
            let measured =
                share(matching_chars(&wanted, &candidate.chars, &mut row), wanted.len() + candidate.chars.len());
            let rank = best.partition_point(|(similarity, other)| {
                similarity.total_cmp(&measured).reverse().then_with(|| other.code.cmp(&candidate.code)).is_lt()
            });
            best.insert(rank, (measured, candidate));
            best.truncate(SUGGESTIONS);
        }
        best.into_iter().map(|(similarity, found)| Suggestion { code: found.code.clone(), similarity }).collect()
    }
}

fn compared(text: &str) -> Vec<char> {
    text.chars().take(COMPARED_CHARS).collect()
}

#[expect(clippy::cast_precision_loss, reason = "lengths are at most twice COMPARED_CHARS")]
fn share(matching: usize, all: usize) -> f64 {
    if all == 0 { 1.0 } else { 2.0 * matching as f64 / all as f64 }
}

/// The characters in common blocks. `row` is room to work in, kept between calls.
fn matching_chars(a: &[char], b: &[char], row: &mut Vec<usize>) -> usize {
    if a.is_empty() || b.is_empty() {
        return 0;
    }
    let (length, a_end, b_end) = longest_block(a, b, row);
    if length == 0 {
        return 0;
    }
    length
        + matching_chars(&a[..a_end - length], &b[..b_end - length], row)
        + matching_chars(&a[a_end..], &b[b_end..], row)
}

/// The first longest common block: its length and where it ends in `a` and in `b`.
fn longest_block(a: &[char], b: &[char], row: &mut Vec<usize>) -> (usize, usize, usize) {
    // `row[j]` is the length of the block that ends at the current character of `a` and at `b[j]`.
    row.clear();
    row.resize(b.len(), 0);
    let mut longest = (0, 0, 0);
    for (i, from_a) in a.iter().enumerate() {
        let mut before = 0;
        for (j, (from_b, length)) in b.iter().zip(row.iter_mut()).enumerate() {
            let above = *length;
            *length = if from_a == from_b { before + 1 } else { 0 };
            before = above;
            if *length > longest.0 {
                longest = (*length, i + 1, j + 1);
            }
        }
    }
    longest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Index, SUGGESTIONS, Suggestion, similarity};

    fn check(a: &str, b: &str, matching: u8, all: u8) {
        let expected = 2.0 * f64::from(matching) / f64::from(all);
        assert!((similarity(a, b) - expected).abs() < 1e-12, "{a} {b}: {} instead of {expected}", similarity(a, b));
    }

    #[test]
    fn pairs_worked_out_by_hand_agree() {
        // Blocks: `WIKIM`, `IA`.
        check("WIKIMEDIA", "WIKIMANIA", 7, 18);
        // `禹州-1015A-高三-` and, of `5000` and `4800`, the first zeros alike.
        check("禹州-1015A-高三-5000", "禹州-1015A-高三-4800", 14, 32);
        check("1015A-高三-5000", "禹州-1015A-高三-5000", 13, 29);
        // Of equal blocks the first in the first text counts, so the order of the texts matters: `t`, then `d`.
        check("tide", "diet", 1, 8);
        check("diet", "tide", 2, 8);
        // Nothing is left of `abcd` in the first, nor right of it in the second.
        check("abcdxyz", "xyzabcd", 4, 14);
        check("", "a", 0, 1);
        check("", "", 1, 2);
    }

    #[test]
    fn the_best_come_first_and_equals_by_code() {
        let index = Index::new(["禹州-1015B-高三-5000", "禹州-1015A-高三-5000", "郑州-0101-小一-1", "q"]);
        let codes: Vec<String> =
            index.suggest("禹州-1015-高三-5000").into_iter().map(|suggestion| suggestion.code).collect();
        assert_eq!(codes, ["禹州-1015A-高三-5000", "禹州-1015B-高三-5000", "郑州-0101-小一-1"]);
        assert_eq!(index.suggest("q"), [Suggestion { code: "q".to_owned(), similarity: 1.0 }]);
        assert_eq!(index.suggest(""), []);
    }

    #[test]
    fn a_text_of_any_length_is_compared_in_bounded_time() {
        let long = "禹州-".repeat(100_000);
        assert!((similarity(&long, &long) - 1.0).abs() < 1e-12);
        assert_eq!(Index::new([long.as_str()]).suggest(&long).len(), 1);
    }

    proptest! {
        #[test]
        fn equal_texts_are_wholly_similar_and_none_is_more(a in "[ab州-]{1,12}", b in "[ab州-]{1,12}") {
            prop_assert!((similarity(&a, &a) - 1.0).abs() < 1e-12);
            prop_assert!((0.0..=1.0).contains(&similarity(&a, &b)));
        }

        #[test]
        fn the_bound_leaves_out_none_of_the_best(
            wanted in "[ab1-]{0,8}", codes in prop::collection::btree_set("[ab1-]{1,8}", 0..30),
        ) {
            let mut expected: Vec<Suggestion> = codes
                .iter()
                .map(|code| Suggestion { code: code.clone(), similarity: similarity(&wanted, code) })
                .filter(|suggestion| suggestion.similarity > 0.0)
                .collect();
            expected.sort_by(|a, b| b.similarity.total_cmp(&a.similarity).then_with(|| a.code.cmp(&b.code)));
            expected.truncate(SUGGESTIONS);
            prop_assert_eq!(Index::new(codes.iter().map(String::as_str)).suggest(&wanted), expected);
        }
    }
}
