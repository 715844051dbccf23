//! What fills the holes of statements that the program puts together.

/// What every hole of the file gets, hole by hole.
type Filling = &'static [(&'static str, &'static str)];

/// Literals that are no statements alone.
pub const FRAGMENTS: &[(&str, &str)] =
    &[("src/store/records/ending.rs", "SELECT scope, status, reason FROM"), ("src/upstreams/mirror/table.rs", "")];

const ITS: &str = "SELECT scope, status, reason FROM sync_scopes WHERE record_id = earlier.id";
const OURS: &str = "SELECT scope, status, reason FROM sync_scopes WHERE record_id = newer.id";

const CHANGES: &str = "SELECT at, record AS record_id, kind, account, instance AS id, NULL AS name, field, before, after
    FROM ecs_changes UNION ALL SELECT at, record_id, kind, account, row_id, NULL, field, before, after FROM row_changes";
const CHANGED: &str = "FROM (SELECT 'ecs' AS sync, 'x' AS subject, c.at, c.record_id, c.kind, c.account, c.id, c.name,
    c.field, c.before, c.after FROM ({changes}) AS c WHERE kind = ?1 AND id = ?2) AS changes";

const PEOPLE: &str = "(record_id IN (1, 2) OR record_id IS NULL AND at >= COALESCE(
    (SELECT MAX(start_time) FROM sync_records WHERE sync = 'tasks' AND id IN (1, 2)), ''))";

const FILLINGS: &[(&str, &[Filling])] = &[
    ("src/store/lock/rows.rs", &[&[("millis", "0"), ("for_update", "")]]),
    ("src/store/transfer.rs", &[&[("table", "sync_cursors"), ("names", "scope, cursor"), ("holes", "?1, ?2")]]),
    (
        "src/upstreams/row_changes/tables.rs",
        &[
            &[
                ("table", "fairing_responses"),
                ("account", "t.account"),
                ("id", "t.id"),
                ("name", "t.response"),
                ("only", "AND t.account = 'shop'"),
                ("sync", "fairing"),
                ("subject", "fairing_responses"),
                ("changes", CHANGES),
                ("conditions", "at >= '2026' AND kind = ?1 AND id = ?2"),
                ("records", PEOPLE),
                ("from", CHANGED),
                ("limit", "3"),
                ("offset", "4"),
            ],
            &[
                ("table", "users"),
                ("account", "''"),
                ("id", "CAST(t.id AS TEXT)"),
                ("name", "t.username"),
                ("only", ""),
                ("sync", "users"),
                ("subject", "users"),
                ("changes", CHANGES),
                ("conditions", "TRUE"),
                ("records", "TRUE"),
                ("from", CHANGED),
                ("limit", "3"),
                ("offset", "4"),
            ],
        ],
    ),
    (
        "src/store/export.rs",
        &[
            &[("table", "v_instances"), ("columns", "\"account\", \"name\""), ("filter", "")],
            &[
                ("table", "v_responses"),
                ("columns", "\"id\", \"other\""),
                ("filter", " WHERE COALESCE(account, '') IN (?1, ?2) AND last_seen_record >= ?3"),
            ],
        ],
    ),
    (
        "src/store/records/list.rs",
        &[
            &[("condition", "TRUE"), ("filter", ""), ("limit", "1"), ("offset", "2")],
            &[("condition", "id IN (1, 2)"), ("filter", "WHERE {condition}"), ("limit", "1"), ("offset", "2")],
            &[
                (
                    "condition",
                    "TRUE AND sync = ?1 AND sync_type = ?2 AND trigger_type = ?3
                     AND (start_time >= ?4 OR (run_count > 1 AND end_time >= ?4))
                     AND (status = 'interrupted' AND exit_code IS NULL OR id IN (1, 2))
                     AND (status IN ('failed', 'partial', 'interrupted') OR id IN (1))
                     AND (is_read = 0 OR FALSE)",
                ),
                ("filter", "WHERE {condition}"),
                ("limit", "5"),
                ("offset", "6"),
            ],
            &[
                ("condition", "sync = ?1 AND sync_type = ?2 AND status IN ('failed') AND (end_seq, id) > (?3, ?4)"),
                ("filter", "WHERE {condition}"),
                ("limit", "5"),
                ("offset", "6"),
            ],
        ],
    ),
    (
        "src/store/records/monitor.rs",
        &[&[("formula", "sync_counters.value + excluded.value")], &[("formula", "excluded.value")]],
    ),
    (
        "src/store/records/rows.rs",
        &[&[("age", ""), ("millis", "0")], &[("age", "AND start_time < ?2 AND end_time < ?2"), ("millis", "0")]],
    ),
    ("src/store/records/ending.rs", &[&[("its", ITS), ("ours", OURS)]]),
    (
        "src/upstreams/ecs/resources/list.rs",
        &[
            &[("table", "cloud_databases"), ("columns", "database_id, status, name, engine, version, class")],
            &[
                ("table", "cloud_buckets"),
                ("columns", "name, CAST(NULL AS TEXT), name, storage_class, CAST(NULL AS INTEGER)"),
            ],
        ],
    ),
    (
        "src/upstreams/ecs/resources/tables.rs",
        &[
            &[
                ("id", "database_id"),
                ("columns", "status, cpu_count, multi_az"),
                ("table", "cloud_databases"),
                ("condition", "account = ?1 AND provider = ?2 AND region = ?3"),
            ],
            &[
                ("id", "name"),
                ("columns", "region, tags"),
                ("table", "cloud_buckets"),
                ("condition", "account = ?1 AND provider = ?2"),
            ],
        ],
    ),
    (
        "src/upstreams/films/tables.rs",
        &[
            &[("", "title, rating, list_rank"), ("condition", "source = ?1 AND source_id = ?2")],
            &[
                ("", "title, rating, list_rank"),
                (
                    "condition",
                    "source = ?1 AND source_id = ?2 AND (last_seen_record <> ?3 OR first_seen_at <> last_changed_at)",
                ),
            ],
            &[
                ("", "title, rating, list_rank"),
                (
                    "condition",
                    "(source = ?1 OR ?1 IS NULL) AND deleted_at IS NULL
                     ORDER BY source, list_rank NULLS LAST, first_seen_at DESC, length(source_id) DESC, source_id DESC",
                ),
            ],
        ],
    ),
    (
        "src/upstreams/users/queries.rs",
        &[
            &[
                ("from", "FROM user_events AS e LEFT JOIN user_deliveries AS d ON d.seq = e.seq"),
                ("limit", "1"),
                ("offset", "2"),
            ],
            &[
                (
                    "from",
                    "FROM user_events AS e LEFT JOIN user_deliveries AS d ON d.seq = e.seq
                     WHERE d.state = ?1 AND d.target = ?2 AND e.user_id = ?3 AND e.stored_at >= ?4",
                ),
                ("limit", "5"),
                ("offset", "6"),
            ],
        ],
    ),
    (
        "src/upstreams/users/delivery_actions.rs",
        &[
            &[("", "(d.seq, d.target) > (?1, ?2) AND d.state IN (?3, ?4)"), ("limit", "?5")],
            &[
                (
                    "",
                    "(d.seq, d.target) > (?1, ?2) AND d.state IN (?3) AND d.seq IN (?4, ?5) AND d.target = ?6
                     AND d.user_id = ?7 AND e.stored_at >= ?8",
                ),
                ("limit", "?9"),
            ],
        ],
    ),
    ("src/upstreams/users/queue.rs", &[&[("", "NULL")], &[("", "NULL, ?3, ?4")]]),
];

/// The fillings for a file; one without any where all holes are constants.
pub fn fillings(path: &str) -> &'static [Filling] {
    FILLINGS.iter().find(|(known, _)| *known == path).map_or(&[&[]], |(_, fillings)| fillings)
}
