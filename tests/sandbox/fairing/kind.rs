//! The two kinds of rows.

/// What an account has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Questions,
    Responses,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Questions, Self::Responses];

    /// The word in paths, scopes and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Questions => "questions",
            Self::Responses => "responses",
        }
    }
}
