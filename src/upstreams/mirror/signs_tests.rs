use serde_json::{Value, json};

use super::{Doubt, Signs, next_link, says_failed, whole_size};

fn signs(answer: &Value) -> Signs {
    Signs::of(answer.as_object().unwrap())
}

#[test]
fn failure_beside_the_rows_is_seen_by_every_usual_name() {
    for failed in [
        json!({"error": "busy"}),
        json!({"error": true}),
        json!({"Error": {"message": "busy"}}),
        json!({"errors": [{"code": 7}]}),
        json!({"error_message": "busy"}),
        json!({"errorCode": "E1"}),
        json!({"errno": 3}),
        json!({"fault": {"a": 1}}),
        json!({"success": false}),
        json!({"success": "false"}),
        json!({"ok": false}),
        json!({"status": "error"}),
        json!({"status": 503}),
        json!({"code": 429}),
        json!({"code": "500"}),
        json!({"meta": {"error": "busy"}}),
        json!({"status": {"code": 503}}),
    ] {
        assert!(says_failed(failed.as_object().unwrap()), "{failed}");
    }
    let good = json!({
        "error": null, "errors": [], "error_code": 0, "err": " ", "errmsg": "", "exception": {"code": 0}, "status": "ok",
        "code": 200, "success": true, "ok": null, "message": "done", "erratum": "none", "meta": {"error": null},
    });
    assert!(!says_failed(good.as_object().unwrap()));
}

#[test]
fn more_rows_are_announced_by_every_usual_name() {
    for more in [
        json!({"has_more": true}),
        json!({"has_more": "true"}),
        json!({"hasNextPage": 1}),
        json!({"truncated": true}),
        json!({"next_cursor": "x"}),
        json!({"NextMarker": "x"}),
        json!({"Next": "/api/responses?x"}),
        json!({"paging": {"next": "/api/responses?x"}}),
        json!({"meta": {"pagination": {"has_more": true}}}),
        json!({"isLastPage": false}),
        json!({"last_page": false}),
        json!({"remaining": 3}),
        json!({"status": "partial"}),
        // Nobody knows what it says.
        json!({"has_more": "\u{ffff}"}),
    ] {
        assert!(signs(&more).has_more, "{more}");
    }
    let all = json!({
        "has_more": false, "next_cursor": "", "links": {"next": null, "prev": "x"}, "meta": {"a": 1}, "isLast": true,
        "truncated": "no", "remaining": 0, "status": "ok", "message": "Success", "msg": "", "warnings": [], "page": 1,
        "code": 200, "cursor": "x",
    });
    assert_eq!(signs(&all), Signs::default());
}

#[test]
fn totals_and_messages_are_found_by_every_usual_name() {
    for counted in [
        json!({"total": 5}),
        json!({"total_count": "5"}),
        json!({"TotalCount": 5, "count": 2}),
        json!({"meta": {"pagination": {"total": 5}}}),
        json!({"page": {"totalElements": 5}}),
    ] {
        assert_eq!(signs(&counted), Signs { row_count: Some(5), ..Signs::default() }, "{counted}");
    }
    for paged in [json!({"total_pages": 3}), json!({"lastPage": 3}), json!({"meta": {"pages": "3"}})] {
        assert_eq!(signs(&paged), Signs { page_count: Some(3), ..Signs::default() }, "{paged}");
    }
    for said in
        [json!({"message": "busy"}), json!({"msg": ["x"]}), json!({"warnings": [{"a": 1}]}), json!({"detail": "x"})]
    {
        assert_eq!(signs(&said), Signs { doubt: Some(Doubt::Message), ..Signs::default() }, "{said}");
    }
    assert_eq!(signs(&json!({"code": 207})).doubt, Some(Doubt::Status(207)));
    assert_eq!(signs(&json!({"total": -1, "count": 2.5, "total_pages": null})), Signs::default());
}

#[test]
fn next_link_and_whole_size_are_read_from_headers() {
    for (links, expected) in [
        ("<https://h/p?a=1,2>; rel=\"next\"", Some("https://h/p?a=1,2")),
        ("</p?1>; rel=prev, </p?3>; title=\"x\"; REL=Next", Some("/p?3")),
        ("</p?3>;rel=\"last next\"", Some("/p?3")),
        ("</p?1>; rel=\"prev\"", None),
        ("</p?1>; rel=\"nextish\"", None),
        ("rel=next", None),
        ("", None),
    ] {
        assert_eq!(next_link(links), expected, "{links}");
    }
    assert_eq!(["items 0-1/5", "bytes 0-1/*", ""].map(whole_size), [Some(5), None, None]);
}
