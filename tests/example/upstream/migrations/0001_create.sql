CREATE TABLE machines (
    key INTEGER PRIMARY KEY, account TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, cores INTEGER NOT NULL,
    raw TEXT NOT NULL, content_hash BLOB NOT NULL, first_seen_at TEXT NOT NULL, last_changed_at TEXT NOT NULL,
    last_seen_record INTEGER NOT NULL, deleted_at TEXT
) STRICT;

CREATE UNIQUE INDEX machines_id ON machines (account, id);
