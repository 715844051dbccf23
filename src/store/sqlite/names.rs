//! What tables there are.

/// Whether there is a table of that name.
pub(in crate::store) const TABLE: &str = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1";

/// All tables of ours.
pub(in crate::store) const TABLES: &str =
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name";

/// Which table refers to which.
pub(in crate::store) const REFERENCES: &str = "SELECT s.name, f.\"table\"
    FROM sqlite_schema AS s, pragma_foreign_key_list(s.name) AS f
    WHERE s.type = 'table'";
