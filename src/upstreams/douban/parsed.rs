//! What reading an answer gives: a film's details, or the reason why there are none.

use std::char::REPLACEMENT_CHARACTER;

use strum::{EnumString, IntoStaticStr};

use crate::upstreams::films::film::{Detail, FilmId};

pub use crate::upstreams::films::json::Unreadable;

/// The upstream's name, which is the source of its films in the table they share.
pub const SOURCE: &str = "douban";

/// Which document details are from, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum DetailSource {
    /// The film's page.
    Page,
    /// The film's page, with gaps filled from the structured data inside it.
    #[strum(serialize = "page+ld")]
    PageAndLd,
    /// The mobile site's JSON.
    Rexxar,
    /// The JSON behind the hover card.
    Abstract,
}

impl DetailSource {
    /// The name in the database.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }

    pub const fn is_page(self) -> bool {
        matches!(self, Self::Page | Self::PageAndLd)
    }
}

/// A film's details as one document has them.
#[derive(Clone, Debug, PartialEq)]
pub struct ParsedDetail {
    pub detail: Detail,
    pub source: DetailSource,
    /// The films that the document says it is about, where it says so.
    pub subjects: Vec<FilmId>,
}

impl ParsedDetail {
    /// The details, unless bytes of the body that are no text have become part of them: they must not replace good ones.
    pub fn of_text(self, body: &[u8]) -> Result<Self, Unreadable> {
        let is_garbled = || serde_json::to_string(&self.detail).is_ok_and(|text| text.contains(REPLACEMENT_CHARACTER));
        if std::str::from_utf8(body).is_err() && is_garbled() {
            return Err(Unreadable("a text that is not UTF-8, of no charset that its answer names".to_owned()));
        }
        Ok(self)
    }
}

/// The film's id in an address such as `…/subject/<id>/…`.
pub fn subject_id(address: &str) -> Option<FilmId> {
    let mut segments = address.split(['/', '?', '#']).skip_while(|segment| *segment != "subject");
    segments.nth(1).and_then(FilmId::parse)
}
