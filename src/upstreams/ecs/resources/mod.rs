//! What a cloud has beside instances: databases, caches, buckets. A kind is a table with its columns; a provider's catalog
//! says how it is listed.
//!
//! Reading order: [`kind`], [`asset`] (a row), [`tables`], [`pass`].

pub mod asset;
pub mod kind;
pub mod list;
pub mod pass;
pub mod tables;

pub use self::asset::{Asset, Cell, Cells, Known, Patch};
pub use self::kind::{BUCKETS, CACHES, DATABASES, Kind, Resource};
