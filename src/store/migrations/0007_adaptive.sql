-- What decides how soon a scope is looked at again: when a pass last saved a change there, how many passes succeeded,
-- whether the last one left something to look at soon, and how many requests the last one made.
ALTER TABLE sync_cursors ADD COLUMN last_changed_at TEXT;

ALTER TABLE sync_cursors ADD COLUMN success_count INTEGER NOT NULL DEFAULT 0;

ALTER TABLE sync_cursors ADD COLUMN is_unsettled INTEGER NOT NULL DEFAULT 0;

ALTER TABLE sync_cursors ADD COLUMN request_count INTEGER NOT NULL DEFAULT 0;

-- What the scopes would have cost that were not due because nothing had changed there for long.
ALTER TABLE sync_records ADD COLUMN requests_saved INTEGER NOT NULL DEFAULT 0;
