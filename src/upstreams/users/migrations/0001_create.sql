-- The present state of every user, reduced from the events: what the targets are compared with.
CREATE TABLE users (
    id INTEGER NOT NULL PRIMARY KEY,
    username TEXT,
    email TEXT,
    phone TEXT,
    role TEXT,
    status TEXT,
    created_at TEXT,
    updated_at TEXT,
    raw TEXT NOT NULL,
    content_hash BLOB NOT NULL,
    -- The event it stands at: a later one has a later time, or the same and a higher number.
    version_ms INTEGER NOT NULL,
    version_seq INTEGER NOT NULL,
    first_seen_at TEXT NOT NULL,
    last_changed_at TEXT NOT NULL,
    last_seen_record INTEGER,
    deleted_at TEXT
) STRICT;

-- The outbox: every event in the order it came.
CREATE TABLE user_events (
    seq INTEGER NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    user_id INTEGER NOT NULL,
    username TEXT,
    email TEXT,
    data TEXT NOT NULL,
    occurred_at TEXT NOT NULL,
    source TEXT NOT NULL,
    -- A repair is for one target, any other event for all.
    only_target TEXT,
    stored_at TEXT NOT NULL
) STRICT;

CREATE INDEX user_events_user ON user_events (user_id, seq);

-- The last number given out (numbers of events that are gone are not given again), and what the ids of our own events
-- begin with.
CREATE TABLE user_outbox (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    last_seq INTEGER NOT NULL,
    name TEXT NOT NULL
) STRICT;

INSERT INTO user_outbox (id, last_seq, name) VALUES (1, 0, lower(hex(randomblob(8))));

-- How far each target's deliveries are laid out, and how its last check went.
CREATE TABLE user_targets (
    name TEXT NOT NULL PRIMARY KEY,
    planned_seq INTEGER NOT NULL,
    checked_at TEXT,
    checked INTEGER,
    -- Left out of the check: events of these users were still on their way.
    awaited INTEGER
) STRICT;

-- Where a target differed from the local users when it was last checked.
CREATE TABLE user_findings (
    target TEXT NOT NULL,
    user_id INTEGER NOT NULL,
    difference TEXT NOT NULL CHECK (difference IN ('missing', 'different', 'surplus')),
    -- A JSON list of {field, here, there}.
    fields TEXT NOT NULL,
    is_repaired INTEGER NOT NULL,
    found_at TEXT NOT NULL,
    PRIMARY KEY (target, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE user_deliveries (
    target TEXT NOT NULL,
    seq INTEGER NOT NULL REFERENCES user_events (seq) ON DELETE CASCADE,
    user_id INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'retrying', 'delivered', 'dead', 'dropped')),
    -- The first open one of its user at its target: only it is sent.
    is_head INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at TEXT NOT NULL,
    last_error TEXT,
    class TEXT,
    latency_ms INTEGER,
    -- Null as long as it is open.
    finished_at TEXT,
    -- The target comes last, or the planner would look through all of its deliveries for those of one user.
    PRIMARY KEY (seq, target),
    CHECK ((finished_at IS NULL) = (state IN ('pending', 'retrying')))
) STRICT, WITHOUT ROWID;

CREATE INDEX user_deliveries_due ON user_deliveries (target, next_attempt_at, seq) WHERE is_head = 1;

CREATE INDEX user_deliveries_open ON user_deliveries (target, user_id, seq) WHERE finished_at IS NULL;

CREATE INDEX user_deliveries_dead ON user_deliveries (target, seq) WHERE state = 'dead';

-- What came from a stream and is no event.
CREATE TABLE user_rejections (
    entry_id TEXT NOT NULL PRIMARY KEY,
    stream TEXT NOT NULL,
    reason TEXT NOT NULL,
    -- Left out where it may hold a password.
    raw TEXT,
    rejected_at TEXT NOT NULL
) STRICT;
