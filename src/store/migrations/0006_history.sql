-- The day on which the run began, in its own zone; NULL in records from before.
ALTER TABLE sync_records ADD COLUMN day TEXT;

-- What the runs of a day add up to, one number a row. It outlives their records.
CREATE TABLE sync_days (
    day TEXT NOT NULL,
    sync TEXT NOT NULL,
    sync_type TEXT NOT NULL,
    name TEXT NOT NULL,
    label TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (day, sync, sync_type, name, label)
) STRICT, WITHOUT ROWID;

-- What an upstream's tables held at the end of a day's last run that changed them.
CREATE TABLE sync_levels (
    day TEXT NOT NULL,
    sync TEXT NOT NULL,
    name TEXT NOT NULL,
    label TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (day, sync, name, label)
) STRICT, WITHOUT ROWID;
