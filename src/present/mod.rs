//! What an output is, drawn by nobody yet.
//!
//! A command answers with an [`Output`]: blocks for a person, one JSON document for a program, and the schema of that
//! document. A list declares its [`Column`]s once; its table, its JSON and its schema all follow from them. `ui` draws
//! the blocks.

pub mod column;
pub mod csv;
pub mod done;
pub mod listing;
pub mod messages;
pub mod output;
pub mod page;
pub mod paging;
pub mod schema;
pub mod spark;
pub mod style;
pub mod table;
pub mod text;
pub mod words;

pub use self::column::{Column, Word};
pub use self::done::Done;
pub use self::listing::{Listing, ListingSpec};
pub use self::messages::Messages;
pub use self::output::{Block, Json, Output};
pub use self::paging::Paging;
pub use self::schema::DocumentSchema;
pub use self::spark::{number, sparkline};
pub use self::style::{Style, Time, cut, sanitize};
pub use self::table::{Cell, Severity, Table, TableColumn};
pub use self::text::{Text, text};
