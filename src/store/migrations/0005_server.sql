-- Where a server has the database: its process behind a holder or a run, which ends with the connection.
ALTER TABLE sync_locks ADD COLUMN backend TEXT;

ALTER TABLE sync_records ADD COLUMN backend TEXT;

-- By the server's clock, when a run counts as over unless it says that it goes on; NULL where files show it.
ALTER TABLE sync_records ADD COLUMN expires_ms INTEGER;
