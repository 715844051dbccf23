//! What an answer says beside its rows: that it is none, or that it is not all.

use serde_json::{Map, Value};

/// Whether a member beside the rows says that they are not what was requested, whatever its name and type.
pub fn says_failed(members: &Map<String, Value>) -> bool {
    members.iter().any(|(name, value)| match plain(name).as_str() {
        "success" | "ok" => *value == Value::Bool(false),
        "status" | "statuscode" | "code" => {
            value.as_i64().is_some_and(|status| (400..600).contains(&status))
                || value
                    .as_str()
                    .is_some_and(|word| matches!(plain(word).as_str(), "error" | "fail" | "failed" | "failure"))
        }
        "err" | "errmsg" | "errcode" | "errno" | "exception" | "fault" | "failure" => says_something(value),
        name => name.starts_with("error") && says_something(value),
    })
}

/// Whether a member says that there are more rows than these.
pub fn says_more(members: &Map<String, Value>) -> bool {
    members.iter().any(|(name, value)| match plain(name).as_str() {
        "links" | "meta" | "page" | "pageinfo" | "paging" | "pagination" => value.as_object().is_some_and(says_more),
        "hasmore" | "hasnext" | "hasnextpage" | "more" | "moreresults" | "incomplete" | "incompleteresults"
        | "partial" | "partialresults" | "truncated" | "istruncated" => *value == Value::Bool(true),
        "next" | "nextcursor" | "nextlink" | "nextpage" | "nextpagetoken" | "nexttoken" | "nexturl" => {
            says_something(value)
        }
        _ => false,
    })
}

/// Many upstreams always send the key, with nothing in it.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Bool(true) => true,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !matches!(text.trim(), "" | "0"),
        Value::Array(items) => items.iter().any(says_something),
        Value::Object(fields) => fields.values().any(says_something),
    }
}

/// The name as it is compared: `has_more`, `hasMore` and `HasMore` are one.
fn plain(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{says_failed, says_more};

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
            json!({"ok": false}),
            json!({"status": "error"}),
            json!({"status": 503}),
            json!({"code": 429}),
        ] {
            assert!(says_failed(failed.as_object().unwrap()), "{failed}");
        }
        let good = json!({
            "error": null, "errors": [], "error_code": 0, "err": " ", "errmsg": "", "exception": {"code": 0}, "status": "ok",
            "code": 200, "success": true, "ok": null, "message": "done", "erratum": "none",
        });
        assert!(!says_failed(good.as_object().unwrap()));
    }

    #[test]
    fn more_rows_are_announced_by_every_usual_name() {
        for more in [
            json!({"has_more": true}),
            json!({"hasNextPage": true}),
            json!({"truncated": true}),
            json!({"next_cursor": "x"}),
            json!({"Next": "/api/responses?x"}),
            json!({"paging": {"next": "/api/responses?x"}}),
            json!({"meta": {"pagination": {"has_more": true}}}),
        ] {
            assert!(says_more(more.as_object().unwrap()), "{more}");
        }
        let all = json!({"has_more": false, "next_cursor": "", "links": {"next": null, "prev": "x"}, "meta": {"a": 1}});
        assert!(!says_more(all.as_object().unwrap()));
    }
}
