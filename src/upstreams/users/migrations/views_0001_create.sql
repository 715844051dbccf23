CREATE VIEW v_users AS
SELECT id, username, email, phone, role, status, created_at, updated_at, first_seen_at, last_changed_at, last_seen_record
FROM users
WHERE deleted_at IS NULL;

CREATE VIEW v_deliveries AS
SELECT d.target, d.seq, e.id AS event_id, e.type, e.user_id, e.occurred_at, e.stored_at, d.state, d.attempts,
    d.next_attempt_at, d.last_error, d.class, d.latency_ms, d.finished_at
FROM user_deliveries AS d
JOIN user_events AS e ON e.seq = d.seq;
