//! What tables there are.

/// Whether there is a table of that name.
pub(in crate::store) const TABLE: &str =
    "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename = ?1";

/// All tables of the schema.
pub(in crate::store) const TABLES: &str =
    "SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = current_schema() ORDER BY tablename";

/// Which table refers to which.
pub(in crate::store) const REFERENCES: &str = "SELECT f.relname, t.relname
    FROM pg_catalog.pg_constraint AS c
    JOIN pg_catalog.pg_class AS f ON f.oid = c.conrelid
    JOIN pg_catalog.pg_class AS t ON t.oid = c.confrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.connamespace
    WHERE c.contype = 'f' AND n.nspname = current_schema()";
