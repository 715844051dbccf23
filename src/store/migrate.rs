//! Schema migrations per component, each recorded with its checksum.

/// One step of a component's schema. Never edited once released: the checksum is compared at every open.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// `0001_create`, `0002_…`: unique and ascending inside the component.
    pub name: &'static str,
    pub sql: &'static str,
}

/// Who owns a set of tables: `core`, or an upstream.
#[derive(Clone, Copy, Debug)]
pub struct Component {
    pub name: &'static str,
    pub migrations: &'static [Migration],
}
