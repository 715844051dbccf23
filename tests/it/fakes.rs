//! The fakes themselves: what the other tests rely on.

mod users;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::sandbox::fairing::{Auth, End, Kind, Layout, Shape};
use crate::sandbox::{Fault, Rule, Settings};
use crate::support::{Sandbox, fetch, poll};

const EU: &str = "shop-eu";

/// The rows behind a path with a query, as the first account sees them.
fn rows(sandbox: &Sandbox, path: &str) -> Vec<Value> {
    let document = document(sandbox, path);
    document.as_array().or_else(|| document["data"].as_array()).expect("rows").clone()
}

fn document(sandbox: &Sandbox, path: &str) -> Value {
    let (status, body) = ask(sandbox, path);
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).expect("JSON")
}

fn ask(sandbox: &Sandbox, path: &str) -> (u16, Vec<u8>) {
    fetch(&format!("{}{path}", sandbox.fairing.base_url()), &sandbox.fairing.token(EU))
}

/// Follows `next` on the fake's own origin to the end; how many rows each page had.
fn walk(sandbox: &Sandbox, start: &str) -> (Vec<usize>, BTreeSet<String>) {
    let (mut sizes, mut ids, mut path) = (Vec::new(), BTreeSet::new(), start.to_owned());
    for _ in 0..20 {
        let page = document(sandbox, &path);
        let rows = page["data"].as_array().expect("rows");
        sizes.push(rows.len());
        ids.extend(rows.iter().map(|row| row["id"].to_string()));
        match page["next"].as_str().filter(|next| !next.is_empty()) {
            Some(next) => next.strip_prefix("https://app.fairing.co").expect("the public host").clone_into(&mut path),
            None => break,
        }
    }
    (sizes, ids)
}

#[test]
fn the_same_seed_makes_the_same_rows_of_a_realistic_size() {
    let [one, other] = [1, 1].map(|seed| Sandbox::start(Settings { seed, responses: 2000, ..Settings::default() }));
    let (_, body) = ask(&one, "/api/responses");
    assert_eq!(ask(&other, "/api/responses"), (200, body.clone()));
    assert!((1_100..1_350).contains(&(body.len() / 2000)), "{} bytes a row", body.len() / 2000);
    let ids: BTreeSet<String> = rows(&one, "/api/responses").iter().map(|row| row["id"].to_string()).collect();
    assert_eq!(ids.len(), 2000);
    let different = Sandbox::start(Settings { seed: 2, responses: 2000, ..Settings::default() });
    assert_ne!(ask(&different, "/api/responses").1, body);
}

#[test]
fn every_field_is_filled_in_one_row_and_null_or_absent_in_another() {
    let sandbox = Sandbox::start(Settings { responses: 500, ..Settings::default() });
    let rows = rows(&sandbox, "/api/responses");
    for field in ["email", "customer_id", "order_total", "utm_term", "coupon_code", "other_response", "response_id"] {
        assert!(rows.iter().any(|row| !row[field].is_null()), "{field} is never filled");
        assert!(rows.iter().any(|row| row[field].is_null()), "{field} is never null");
    }
    assert!(rows.iter().any(|row| row.get("utm_term").is_none()), "a null field is never left out");
    assert!(
        rows.iter().any(|row| row["order_total"].is_string()) && rows.iter().any(|row| row["order_total"].is_number())
    );
    assert!(rows.iter().any(|row| row.get("shop_flags").is_some()));
}

#[test]
fn pages_lead_to_every_row_once_in_each_order() {
    let sandbox = Sandbox::small();
    sandbox.fairing.style(|style| style.shape = Shape::Pages);
    sandbox.fairing.change(EU, Kind::Responses, |set| {
        set.edit([3, 140]);
        set.add(10);
        set.delete([0, 5, 149]);
    });
    for order in ["inserted_at_desc", "inserted_at_asc", "updated_at_asc"] {
        let (sizes, ids) = walk(&sandbox, &format!("/api/responses?limit=50&sort={order}"));
        assert_eq!((sizes, ids.len()), (vec![50, 50, 50, 7], 157), "{order}");
    }
    let last = rows(&sandbox, "/api/responses?sort=updated_at_asc");
    let updated: Vec<&str> = last.iter().map(|row| row["updated_at"].as_str().expect("text")).collect();
    assert!(updated.is_sorted(), "{updated:?}");
    let since = updated[updated.len() - 12];
    let changed = rows(&sandbox, &format!("/api/responses?updated_at_min={since}"));
    assert_eq!(changed.len(), 12, "ten were added, two were edited");
}

#[test]
fn the_last_page_ends_in_every_documented_way() {
    let sandbox = Sandbox::small();
    for (end, expected) in [
        (End::Null, vec![100, 50]),
        (End::Absent, vec![100, 50]),
        (End::EmptyText, vec![100, 50]),
        (End::OneMore, vec![100, 50, 0]),
        (End::Itself, [vec![100], vec![50; 19]].concat()),
        (End::SameRows, [vec![100], vec![50; 19]].concat()),
    ] {
        sandbox.fairing.style(|style| (style.shape, style.end) = (Shape::Pages, end));
        let (sizes, ids) = walk(&sandbox, "/api/responses?limit=100");
        assert_eq!((sizes, ids.len()), (expected, 150), "{end:?}");
    }
}

#[test]
fn changes_show_in_the_next_answer_and_nowhere_else() {
    let sandbox = Sandbox::small();
    let before = rows(&sandbox, "/api/responses");
    sandbox.fairing.change(EU, Kind::Responses, |set| set.set_layout(Layout::Reordered));
    assert_eq!(rows(&sandbox, "/api/responses"), before);
    sandbox.fairing.change(EU, Kind::Responses, |set| set.edit([7]));
    sandbox.fairing.change(EU, Kind::Responses, |set| set.edit_silently([8]));
    let after = rows(&sandbox, "/api/responses");
    let changed = before.iter().zip(&after).filter(|(before, after)| before != after);
    let fields: Vec<_> = changed
        .map(|(before, after)| ["submit_delta", "updated_at", "inserted_at"].map(|name| before[name] != after[name]))
        .collect();
    assert_eq!(fields, [[true, false, false], [true, true, false]]);
    sandbox.fairing.change(EU, Kind::Responses, |set| set.delete(0..149));
    assert_eq!(rows(&sandbox, "/api/responses").len(), 1);
    sandbox.fairing.change(EU, Kind::Responses, |set| set.restore(0..149));
    assert_eq!(rows(&sandbox, "/api/responses"), after);
    assert_eq!(sandbox.fairing.response_count(), 165);
}

#[test]
fn only_the_right_key_and_known_parameters_are_answered() {
    let sandbox = Sandbox::small();
    let url = format!("{}/api/questions", sandbox.fairing.base_url());
    let token = sandbox.fairing.token(EU);
    assert_eq!(fetch(&url, "wrong").0, 401);
    assert_eq!(fetch(&url, &format!("Bearer {token}")).0, 401);
    sandbox.fairing.style(|style| style.auth = Auth::Bearer);
    assert_eq!(fetch(&url, &format!("Bearer {token}")).0, 200);
    assert_eq!(fetch(&url, &token).0, 401);
    sandbox.fairing.style(|style| (style.auth, style.max_limit) = (Auth::Raw, 100));
    assert_eq!(fetch(&format!("{url}?limit=1000"), &token).0, 422);
    assert_eq!(fetch(&format!("{url}?limit=100"), &token).0, 200);
    assert_eq!(fetch(&format!("{url}?updated_at_min=2024-01-01"), &token).0, 422);
    assert_eq!(fetch(&format!("{url}?lmit=1"), &token).0, 422);
}

#[test]
fn faults_follow_their_rules() {
    let sandbox = Sandbox::small();
    let server = sandbox.fairing.server();
    server.add(Rule::on("/api/responses", Fault::Status(503)).after(1).times(2));
    let statuses: Vec<u16> = (0..4).map(|_| ask(&sandbox, "/api/responses").0).collect();
    assert_eq!(statuses, [200, 503, 503, 200]);
    assert_eq!(ask(&sandbox, "/api/questions").0, 200);
    assert_eq!((server.count("/api/responses"), server.count("/api")), (4, 5));
    server.clear_faults();

    let whole = ask(&sandbox, "/api/questions").1;
    for (fault, expected) in [
        (Fault::Truncate(100), whole[..100].to_vec()),
        (Fault::Drip(2000, Duration::from_millis(1)), whole.clone()),
        (Fault::Delay(Duration::from_millis(1)), whole.clone()),
        (Fault::ByteOrderMark, [b"\xef\xbb\xbf".as_slice(), &whole].concat()),
        (Fault::WrongEncoding, whole.clone()),
        (Fault::empty(), Vec::new()),
    ] {
        server.always(fault.clone());
        assert_eq!(ask(&sandbox, "/api/questions"), (200, expected), "{fault:?}");
        server.clear_faults();
    }
    server.add(Rule::on("/", Fault::throttled("7")).for_token(EU));
    assert_eq!(ask(&sandbox, "/api/questions").0, 429);
    assert_eq!(fetch(&format!("{}/api/questions", sandbox.fairing.base_url()), "another").0, 401);
}

#[test]
fn held_request_is_answered_after_clear_faults() {
    let sandbox = Sandbox::small();
    let server = sandbox.fairing.server();
    server.always(Fault::Hold);
    std::thread::scope(|scope| {
        let held = scope.spawn(|| ask(&sandbox, "/api/questions").0);
        poll("the request", || server.count("/api/questions") == 1);
        assert!(!held.is_finished());
        server.clear_faults();
        assert_eq!(held.join().expect("no panic"), 200);
    });
}
