CREATE TABLE tasks (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    level TEXT,
    seat_group TEXT,
    line TEXT,
    called_on TEXT,
    state INTEGER,
    total_number INTEGER,
    called_number INTEGER,
    connected_number INTEGER,
    success_number INTEGER,
    created_at TEXT,
    started_at TEXT,
    ended_at TEXT,
    raw TEXT NOT NULL,
    content_hash BLOB NOT NULL,
    first_seen_at TEXT NOT NULL,
    last_changed_at TEXT NOT NULL,
    last_seen_record INTEGER NOT NULL,
    deleted_at TEXT
) STRICT;

CREATE INDEX tasks_created_at ON tasks (created_at);

CREATE TABLE lead_packages (
    code TEXT NOT NULL PRIMARY KEY,
    name TEXT,
    source TEXT,
    region TEXT,
    grade TEXT,
    valid_leads INTEGER,
    cost_per_lead REAL,
    raw TEXT NOT NULL,
    content_hash BLOB NOT NULL,
    first_seen_at TEXT NOT NULL,
    last_changed_at TEXT NOT NULL,
    last_seen_record INTEGER,
    deleted_at TEXT
) STRICT;

-- A manual match outlives its package, so the code refers to nothing.
CREATE TABLE task_matches (
    task_id TEXT NOT NULL PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    how TEXT,
    package_code TEXT,
    decided_at TEXT NOT NULL,
    record_id INTEGER,
    CHECK (
        (state = 'matched' AND how IS NOT NULL AND how IN ('auto', 'manual') AND package_code IS NOT NULL)
        OR (state = 'idle' AND how IS NOT NULL AND how = 'idle' AND package_code IS NULL)
        OR (state = 'pending' AND how IS NULL AND package_code IS NULL)
    )
) STRICT;

CREATE INDEX task_matches_state ON task_matches (state);

CREATE INDEX task_matches_package ON task_matches (package_code);
