-- How many runs a record is about: those that had nothing to do are folded into one record.
ALTER TABLE sync_records ADD COLUMN run_count INTEGER NOT NULL DEFAULT 1;

-- The order in which the runs of a sync type ended, whatever the clock said; 0 while one runs.
ALTER TABLE sync_records ADD COLUMN end_seq INTEGER NOT NULL DEFAULT 0;

-- The process of a run or of a holder: its boot, its process namespace, its start; NULL where that is unknown.
ALTER TABLE sync_records ADD COLUMN process TEXT;

ALTER TABLE sync_locks ADD COLUMN process TEXT;

UPDATE sync_records
SET end_seq = id
WHERE status <> 'running';

-- Only failures want to be read.
UPDATE sync_records
SET is_read = 1
WHERE is_read = 0
  AND status NOT IN ('failed', 'partial', 'interrupted');

DROP INDEX sync_records_by_status;

-- The run of a sync type that ended last, and the failures since its last success.
CREATE INDEX sync_records_by_end ON sync_records (sync, sync_type, end_seq, id);

CREATE INDEX sync_records_by_status ON sync_records (sync, sync_type, status, end_seq, id);
