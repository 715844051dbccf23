-- What passes changed in rows that were stored before, where the row itself cannot say it: fields before and after, and
-- rows that came back. Old lines are deleted.
CREATE TABLE row_changes (
    id INTEGER PRIMARY KEY,
    record_id INTEGER,
    -- The table of the row, whose it is (empty where rows belong to nobody), and its id.
    subject TEXT NOT NULL,
    account TEXT NOT NULL,
    row_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('updated', 'restored')),
    field TEXT,
    before TEXT,
    after TEXT,
    at TEXT NOT NULL
) STRICT;

CREATE INDEX row_changes_row ON row_changes (subject, account, row_id, record_id);

CREATE INDEX row_changes_at ON row_changes (at);
