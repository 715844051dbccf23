CREATE TABLE sync_locks (
    name TEXT NOT NULL PRIMARY KEY,
    token INTEGER NOT NULL,
    owner TEXT NOT NULL,
    pid INTEGER NOT NULL,
    host TEXT NOT NULL,
    boot_id TEXT NOT NULL,
    expires_boot_ms INTEGER NOT NULL,
    trace_id TEXT NOT NULL,
    locked_at TEXT NOT NULL,
    renewed_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    released INTEGER NOT NULL,
    record_id INTEGER,
    -- The inode of the lock file the holder has locked; NULL while it has none.
    os_lock INTEGER,
    -- Rises with every committed write of the holder: tells whether a COMMIT that failed has landed.
    write_seq INTEGER NOT NULL
) STRICT;

CREATE TABLE sync_records (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sync TEXT NOT NULL,
    sync_type TEXT NOT NULL,
    trigger_type TEXT NOT NULL,
    status TEXT NOT NULL,
    start_time TEXT NOT NULL,
    end_time TEXT,
    duration_ms INTEGER,
    total INTEGER NOT NULL DEFAULT 0,
    new INTEGER NOT NULL DEFAULT 0,
    updated INTEGER NOT NULL DEFAULT 0,
    unchanged INTEGER NOT NULL DEFAULT 0,
    deleted INTEGER NOT NULL DEFAULT 0,
    restored INTEGER NOT NULL DEFAULT 0,
    matched INTEGER NOT NULL DEFAULT 0,
    pending INTEGER NOT NULL DEFAULT 0,
    idle INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    error_message TEXT,
    error_details TEXT NOT NULL DEFAULT '[]',
    retry_count INTEGER NOT NULL DEFAULT 0,
    max_retries INTEGER NOT NULL DEFAULT 0,
    request_count INTEGER NOT NULL DEFAULT 0,
    exit_code INTEGER,
    exit_name TEXT,
    trace_id TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    version TEXT NOT NULL,
    is_read INTEGER NOT NULL DEFAULT 0,
    read_at TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

-- The last records of a sync type, and how many there are.
CREATE INDEX sync_records_by_type ON sync_records (sync, sync_type, id);

-- The last success of a sync type, and the failures since.
CREATE INDEX sync_records_by_status ON sync_records (sync, sync_type, status, id);

CREATE INDEX sync_records_by_start ON sync_records (start_time);

CREATE INDEX sync_records_unread ON sync_records (sync, sync_type, id) WHERE is_read = 0;

CREATE INDEX sync_records_failed ON sync_records (id) WHERE status IN ('failed', 'partial', 'interrupted');

CREATE INDEX sync_records_running ON sync_records (id) WHERE status = 'running';

CREATE TABLE sync_scopes (
    id INTEGER PRIMARY KEY,
    record_id INTEGER NOT NULL REFERENCES sync_records (id) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    total INTEGER NOT NULL DEFAULT 0,
    new INTEGER NOT NULL DEFAULT 0,
    updated INTEGER NOT NULL DEFAULT 0,
    unchanged INTEGER NOT NULL DEFAULT 0,
    deleted INTEGER NOT NULL DEFAULT 0,
    restored INTEGER NOT NULL DEFAULT 0,
    matched INTEGER NOT NULL DEFAULT 0,
    pending INTEGER NOT NULL DEFAULT 0,
    idle INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    start_time TEXT NOT NULL,
    end_time TEXT,
    duration_ms INTEGER,
    error TEXT,
    token INTEGER,
    UNIQUE (record_id, scope)
) STRICT;

CREATE TABLE sync_cursors (
    scope TEXT NOT NULL PRIMARY KEY,
    cursor TEXT,
    last_success_at TEXT,
    record_count INTEGER,
    digest TEXT,
    not_before TEXT
) STRICT;
