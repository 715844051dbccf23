-- A target may know of a later event: such a delivery is `superseded`. A dead one keeps its user's later events back until
-- a person retries or drops it.
CREATE TABLE user_deliveries_2 (
    target TEXT NOT NULL,
    seq INTEGER NOT NULL REFERENCES user_events (seq) ON DELETE CASCADE,
    user_id INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'retrying', 'delivered', 'superseded', 'dead', 'dropped')),
    -- The first open one of its user at its target, with no dead one before it: only it is sent.
    is_head INTEGER NOT NULL,
    -- Those that failed by the event's own fault, and the one that succeeded.
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

INSERT INTO user_deliveries_2 (
    target, seq, user_id, state, is_head, attempts, next_attempt_at, last_error, class, latency_ms, finished_at
)
SELECT target, seq, user_id, state, is_head, attempts, next_attempt_at, last_error, class, latency_ms, finished_at
FROM user_deliveries;

DROP TABLE user_deliveries;

ALTER TABLE user_deliveries_2 RENAME TO user_deliveries;

CREATE INDEX user_deliveries_due ON user_deliveries (target, next_attempt_at, seq) WHERE is_head = 1;

CREATE INDEX user_deliveries_open ON user_deliveries (target, user_id, seq) WHERE finished_at IS NULL;

CREATE INDEX user_deliveries_dead ON user_deliveries (target, user_id, seq) WHERE state = 'dead';

UPDATE user_deliveries
SET is_head = 0
WHERE is_head = 1
AND EXISTS (
    SELECT 1
    FROM user_deliveries AS earlier
    WHERE earlier.target = user_deliveries.target
    AND earlier.user_id = user_deliveries.user_id
    AND earlier.seq < user_deliveries.seq
    AND earlier.state = 'dead'
);

-- When the event arrived, and never before an earlier event of its user: with `seq` it decides which of two is the later
-- one. Null in events from before, whose `occurred_at` counts.
ALTER TABLE user_events ADD COLUMN version_ms INTEGER;

-- When the target last accepted an event: since then it has worked.
ALTER TABLE user_targets ADD COLUMN delivered_at TEXT;

-- The event that was sent to repair it. If the finding stays, the repair changed nothing and is not sent again.
ALTER TABLE user_findings ADD COLUMN repair_seq INTEGER;
