-- What each receiver of notifications knows: one row for each thing that fails, until it has recovered.
CREATE TABLE monitor_reports (
    sync TEXT NOT NULL,
    -- The sync type, or the limit of [monitor] that is exceeded.
    kind TEXT NOT NULL,
    receiver TEXT NOT NULL,
    -- The scope or target; empty for the sync as a whole.
    subject TEXT NOT NULL,
    -- Failed runs in a row, or what exceeds the limit.
    level INTEGER NOT NULL,
    -- The level at the last report; 0 where there was none.
    reported INTEGER NOT NULL,
    -- Whether rejected credentials were reported.
    is_auth INTEGER NOT NULL,
    since TEXT NOT NULL,
    PRIMARY KEY (sync, kind, receiver, subject)
) STRICT, WITHOUT ROWID;

DROP TABLE monitor_alerts;
