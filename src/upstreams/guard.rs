//! The guard before deletions: an answer that lost much of what was there is more likely wrong than true.

/// This number of deletions passes, whatever their share.
const FREE_COUNT: u64 = 10;
/// This share of the live rows passes, in percent.
const FREE_PERCENT: u64 = 10;

/// Deletions that were withheld; everything else of the scope is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("withheld the deletion of {deletions} of {live} stored rows: the complete answer held {received}")]
pub struct Withheld {
    pub deletions: u64,
    pub live: u64,
    pub received: u64,
}

impl Withheld {
    /// The exact flag that lets these deletions pass.
    pub fn hint(&self) -> String {
        format!("if these rows are really gone upstream, run again with `--accept-deletes {}`", self.deletions)
    }
}

/// Whether `deletions` of `live` stored rows may be carried out after a complete answer of `received` rows.
///
/// Withheld when more than 10 rows and more than 10 % would go, or when nothing came where there were rows; `accepted`
/// is the operator's `--accept-deletes`.
pub const fn check(deletions: u64, live: u64, received: u64, accepted: Option<u64>) -> Result<(), Withheld> {
    let emptied = received == 0 && live > 0;
    let too_many = deletions > FREE_COUNT && deletions.saturating_mul(100) > live.saturating_mul(FREE_PERCENT);
    let is_accepted = match accepted {
        Some(accepted) => deletions <= accepted,
        None => false,
    };
    if (emptied || too_many) && !is_accepted {
        return Err(Withheld { deletions, live, received });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn few_or_a_small_share_pass_and_more_is_withheld() {
        for (deletions, live, received, accepted, passes) in [
            (0, 0, 0, None, true),
            (10, 11, 1, None, true),
            (11, 110, 99, None, true),
            (11, 109, 98, None, false),
            (11, 109, 98, Some(10), false),
            (11, 109, 98, Some(11), true),
            (1, 1, 0, None, false),
            (1, 1, 0, Some(1), true),
            (1000, 10_000, 9_000, None, true),
            (1001, 10_000, 8_999, None, false),
        ] {
            assert_eq!(check(deletions, live, received, accepted).is_ok(), passes, "{deletions} of {live}");
        }
    }
}
