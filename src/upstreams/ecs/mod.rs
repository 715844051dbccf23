//! Compute instances of cloud accounts: every account and region is a scope, compared field by field with what is stored.
//!
//! Reading order: [`instance`] (what a row is), [`diff`] (what changed), [`regions`] and [`listing`] (what is due, what
//! was complete), [`statuses`] and [`disks`] (the follow-ups), [`provider`] (who is asked, and how), [`tables`].

pub mod config;
pub mod diff;
pub mod disks;
pub mod instance;
pub mod listing;
pub mod provider;
pub mod regions;
pub mod statuses;
pub mod tables;
