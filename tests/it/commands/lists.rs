//! Lists: a page of them or the whole, every column, each number against SQL.

use serde_json::Value;

use crate::sandbox::ecs::Database;
use crate::support::Sandbox;

/// The lists that are shown as a whole unless a page is wanted, with their key, what names a row, and their rows in SQL.
const LISTS: [(&str, &str, &str, &str); 7] = [
    ("films list", "films", "id", "SELECT source_id FROM videos WHERE deleted_at IS NULL"),
    ("films list --source tmdb", "films", "id", "SELECT source_id FROM videos WHERE source = 'tmdb'"),
    ("douban list", "films", "id", "SELECT source_id FROM videos WHERE source = 'douban'"),
    ("packages list", "packages", "code", "SELECT code FROM lead_packages WHERE deleted_at IS NULL"),
    ("ecs list", "instances", "instance_id", "SELECT instance_id FROM ecs_instances WHERE deleted_at IS NULL"),
    (
        "ecs changes",
        "changes",
        "instance_id",
        "SELECT instance FROM ecs_changes UNION ALL SELECT id FROM cloud_changes",
    ),
    ("ecs list --resource cache", "resources", "id", "SELECT cache_id FROM cloud_caches WHERE deleted_at IS NULL"),
];

fn filled() -> Sandbox {
    let sandbox = Sandbox::small();
    sandbox.ecs.change("cn-beijing", |region| region.caches = (0..7).map(Database::new).collect());
    for sync in ["douban", "tmdb", "ecs", "ecs --resource cache", "tasks --window today"] {
        sandbox.run(&format!("sync {sync} --force")).expect(0);
    }
    let file = sandbox.home.path().join("packages.csv");
    let lines = (1..=7).map(|number| format!("P-{number},{number}\n")).collect::<Vec<_>>().concat();
    std::fs::write(&file, format!("code,name\n{lines}")).expect("a file");
    sandbox.run(&format!("packages import {}", file.display())).expect(0);
    sandbox
}

fn ids(document: &Value, key: &str, id: &str) -> Vec<String> {
    let rows = document[key].as_array().unwrap_or_else(|| panic!("no {key} in {document:#}"));
    rows.iter().map(|row| row[id].as_str().expect("a text").to_owned()).collect()
}

#[test]
fn pages_of_a_list_are_the_whole_list_in_its_order() {
    let sandbox = filled();
    for (list, key, id, sql) in LISTS {
        let whole = sandbox.run(&format!("{list} --json")).expect(0).json();
        let all = ids(&whole, key, id);
        let (mut sorted, mut stored) = (all.clone(), sandbox.database().texts(sql));
        sorted.sort();
        stored.sort();
        assert_eq!(sorted, stored, "{list}");
        assert!(all.len() > 3, "{list}: {all:?}");
        let total = all.len() as u64;
        assert_eq!(
            [&whole["total"], &whole["page"], &whole["per_page"], &whole["pages"]],
            [total, 1, total, 1],
            "{list}"
        );
        // Three pages, the last one short.
        let per_page = total / 3 + 1;
        let mut pages = Vec::new();
        for page in 1..=total.div_ceil(per_page) {
            let document = sandbox.run(&format!("{list} --page {page} --per-page {per_page} --json")).expect(0).json();
            assert_eq!(
                [&document["total"], &document["page"], &document["per_page"]],
                [total, page, per_page],
                "{list}"
            );
            pages.extend(ids(&document, key, id));
        }
        assert_eq!(pages, all, "{list}");
        let past = sandbox.run(&format!("{list} --page 9 --per-page {per_page}")).expect(2);
        assert!(past.stderr.contains("the last page"), "{list}: {}", past.stderr);
        let shown = sandbox.run(&format!("{list} --per-page 2")).expect(0).stdout;
        assert!(shown.contains(&format!("page 1 of {}, {total} ", total.div_ceil(2))), "{list}: {shown}");
        let row = whole[key][0].as_object().expect("a row");
        let wide = sandbox.run(&format!("{list} --wide")).expect(0).stdout;
        let titles = wide.lines().next().expect("titles").split("  ").filter(|title| !title.trim().is_empty()).count();
        let labels = row.keys().filter(|name| name.ends_with("_label")).count();
        assert!(titles + labels >= row.len(), "{list}: {titles} titles of {row:#?}\n{wide}");
    }
    // The document has the counts of the whole list on every page.
    let films = sandbox.run("films list --per-page 1 --json").expect(0).json();
    let missing = sandbox.database().count("videos WHERE detail_status <> 'ok' AND deleted_at IS NULL");
    assert_eq!(films["missing_count"], missing);
}

#[test]
fn rows_of_lists_are_those_of_plain_sql() {
    let sandbox = filled();
    for user in [7, 8, 9] {
        sandbox
            .run(&format!("users emit user.created --user-id {user} --username u{user} --email a{user}@b.c"))
            .expect(0);
    }
    sandbox.run("sync users").expect(0);
    let document = |list: &str| sandbox.run(&format!("{list} --json")).expect(0).json();
    let compare = |list: &str, key: &str, fields: &[&str], sql: &str| {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let found: Vec<String> = document(list)[key]
            .as_array()
            .expect("rows")
            .iter()
            .map(|row| fields.iter().map(|field| text(&row[field])).collect::<Vec<_>>().join("|"))
            .collect();
        assert_eq!(found, sandbox.database().texts(sql), "{list}");
    };
    compare(
        "films list --source tmdb",
        "films",
        &["id", "title", "year", "votes"],
        "SELECT source_id || '|' || COALESCE(title, 'null') || '|' || COALESCE(year, 'null') || '|' || COALESCE(votes, 'null')
         FROM videos WHERE source = 'tmdb' ORDER BY list_rank NULLS LAST, first_seen_at DESC, length(source_id) DESC, source_id DESC",
    );
    compare(
        "users queue",
        "targets",
        &["target", "delivered", "dead"],
        "SELECT target || '|' || SUM(state = 'delivered') || '|' || SUM(state = 'dead') FROM user_deliveries
         GROUP BY target ORDER BY target",
    );
    compare(
        "users events list --per-page 100",
        "events",
        &["seq", "type", "user_id"],
        "SELECT e.seq || '|' || e.type || '|' || e.user_id FROM user_deliveries AS d JOIN user_events AS e ON e.seq = d.seq
         ORDER BY e.seq DESC, d.target",
    );
    compare(
        "tasks list --per-page 100",
        "tasks",
        &["id", "name"],
        "SELECT id || '|' || name FROM tasks WHERE deleted_at IS NULL ORDER BY created_at DESC, id",
    );
}
