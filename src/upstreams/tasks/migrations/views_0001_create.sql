CREATE VIEW v_packages AS
SELECT code, name, source, region, grade, valid_leads, cost_per_lead, first_seen_at, last_changed_at, last_seen_record
FROM lead_packages
WHERE deleted_at IS NULL;

-- A package that was removed is no more known here than one that never was.
CREATE VIEW v_tasks AS
SELECT t.id, t.name, t.prefix, t.level, t.seat_group, t.line, t.called_on, t.state, t.total_number, t.called_number,
    t.connected_number, t.success_number, t.created_at, t.started_at, t.ended_at, m.state AS match_state,
    m.how AS match_how, m.decided_at, m.package_code, p.name AS package_name, p.source AS package_source,
    p.region AS package_region, p.grade AS package_grade, p.cost_per_lead, t.first_seen_at, t.last_changed_at,
    t.last_seen_record
FROM tasks AS t
LEFT JOIN task_matches AS m ON m.task_id = t.id
LEFT JOIN lead_packages AS p ON p.code = m.package_code AND p.deleted_at IS NULL
WHERE t.deleted_at IS NULL;
