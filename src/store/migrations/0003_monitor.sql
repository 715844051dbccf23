-- What a run warned of; a receiver that could not be notified, say.
CREATE TABLE sync_warnings (
    record_id INTEGER NOT NULL REFERENCES sync_records (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (record_id, position)
) STRICT, WITHOUT ROWID;

-- Sums that only grow, for metrics: records are deleted when they are old.
CREATE TABLE sync_counters (
    name TEXT NOT NULL,
    sync TEXT NOT NULL,
    sync_type TEXT NOT NULL,
    label TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (name, sync, sync_type, label)
) STRICT, WITHOUT ROWID;

-- The limits of [monitor] that are exceeded: each is reported once.
CREATE TABLE monitor_alerts (
    sync TEXT NOT NULL,
    name TEXT NOT NULL,
    since TEXT NOT NULL,
    PRIMARY KEY (sync, name)
) STRICT, WITHOUT ROWID;
