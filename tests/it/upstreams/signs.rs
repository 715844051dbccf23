//! What an answer says beside its rows, in its head or by its bytes: an end that it does not prove deletes nothing.

use encoding_rs::GBK;

use super::bad_values::{CASES, Case, check_total};
use crate::sandbox::Fault;
use crate::support::{Outcome, Sandbox};

/// Fairing's lists, the one in pages and the bare one, and Alibaba's, which ends where no token follows.
fn without_total() -> impl Iterator<Item = &'static Case> {
    [&CASES[0], &CASES[1], &CASES[3]].into_iter()
}

/// A pass in which `fault` answers with fewer rows than are stored.
#[track_caller]
fn check_partial(case: &Case, fault: Fault, shown: &str) -> Outcome {
    let sandbox = Sandbox::small();
    case.pass(&sandbox, case.document_of(&["a", "b", "c"], "")).expect(0);
    let outcome = case.pass_with(&sandbox, fault);
    assert_eq!(outcome.code, Some(3), "{} {shown}: {}", case.arguments, outcome.said());
    let live = sandbox.database().count(&format!("{} WHERE deleted_at IS NULL", case.table));
    assert_eq!((outcome.count("deleted"), live), (0, 4), "{} {shown}: {}", case.arguments, outcome.stdout);
    assert!(outcome.stdout.contains("is not proved, so nothing is deleted"), "{shown}: {}", outcome.stdout);
    check_total(&outcome);
    outcome
}

#[test]
fn header_that_says_there_is_more_takes_the_proof_away() {
    for case in without_total() {
        for (name, value) in [
            ("link", "</next?page=2>; rel=\"next\""),
            ("link", "</first>; rel=first, <?after=b>; rel=\"last next\""),
            ("x-total-count", "5"),
            ("x-next-page", "2"),
            ("x-total-pages", "2"),
            ("x-has-more", "true"),
            ("content-range", "items 0-1/5"),
        ] {
            let body = case.document_of(&["a", "d"], "");
            let outcome = check_partial(case, Fault::Answer(200, name, value, body), value);
            assert!(outcome.stdout.contains("rows"), "{}", outcome.stdout);
        }
        // What says nothing of the kind is no sign.
        for (name, value) in [
            ("link", "</style.css>; rel=preload, </prev>; rel=prev"),
            ("x-total-count", "2"),
            ("x-next-page", ""),
            ("content-range", "items 0-1/2"),
            ("x-request-id", "5"),
        ] {
            let sandbox = Sandbox::small();
            case.pass(&sandbox, case.document_of(&["a", "b", "c"], "")).expect(0);
            let fault = Fault::Answer(200, name, value, case.document_of(&["a", "d"], ""));
            let outcome = case.pass_with(&sandbox, fault).expect(0);
            assert_eq!(outcome.count("deleted"), 2, "{name}: {value}");
        }
    }
}

#[test]
fn status_that_is_not_200_takes_the_proof_away() {
    for case in without_total() {
        for status in [201, 202, 203, 207, 208, 226] {
            let body = case.document_of(&["a", "d"], "");
            let outcome = check_partial(case, Fault::Answer(status, "x-a", "b", body), "status");
            assert!(outcome.stdout.contains(&format!("status {status}")), "{}", outcome.stdout);
        }
        let sandbox = Sandbox::small();
        case.pass(&sandbox, case.document_of(&["a"], "")).expect(0);
        let outcome = case.pass_with(&sandbox, Fault::Answer(204, "x-a", "b", Vec::new()));
        assert!(outcome.code != Some(0) && outcome.count("deleted") == 0, "{}", outcome.said());
    }
}

#[test]
fn member_that_says_there_is_more_takes_the_proof_away() {
    for beside in [
        r#","total":5"#,
        r#","meta":{"total_count":"5"}"#,
        r#","total_pages":2"#,
        r#","message":"busy, try again""#,
        r#","msg":"timeout""#,
        r#","warnings":["shard 2 failed"]"#,
        r#","has_more":"true""#,
        r#","isLastPage":false"#,
        r#","status":"partial""#,
        r#","code":207"#,
        r#","has_more":false,"has_more":true"#,
        r#","has_more":NaN"#,
    ] {
        let case = &CASES[0];
        check_partial(case, Fault::Bytes(case.document_of(&["a", "d"], beside)), beside);
    }
    for beside in [
        r#","PageNumber":1,"PageSize":2,"TotalCount":5"#,
        r#","TotalCount":5"#,
        r#","PageNumber":1,"PageSize":2"#,
        r#","NextToken":"","PageNumber":1,"PageSize":2,"TotalCount":5"#,
        r#","IsTruncated":"true""#,
        r#","Message":"some zones did not answer""#,
    ] {
        let case = &CASES[3];
        check_partial(case, Fault::Bytes(case.document_of(&["a", "d"], beside)), beside);
    }
    // What means nothing, or that all is well, proves the end as ever.
    for (case, beside) in [
        (&CASES[0], r#","total":2,"count":2,"message":"OK","warnings":[],"status":"success","code":200,"page":1"#),
        (&CASES[3], r#","NextToken":"","PageSize":100,"PageNumber":1,"TotalCount":900"#),
        (&CASES[3], r#","TotalCount":2"#),
    ] {
        let sandbox = Sandbox::small();
        case.pass(&sandbox, case.document_of(&["a", "b", "c"], "")).expect(0);
        let outcome = case.pass(&sandbox, case.document_of(&["a", "d"], beside)).expect(0);
        assert_eq!(outcome.count("deleted"), 2, "{beside}: {}", outcome.stdout);
    }
}

#[test]
fn key_that_comes_twice_costs_its_row_or_its_answer_and_deletes_nothing() {
    for case in &CASES {
        let sandbox = Sandbox::small();
        case.pass(&sandbox, case.document_of(&["a", "b", "c"], "")).expect(0);
        let text = String::from_utf8(case.document_of(&["a", "b", "c"], "")).expect("text");
        let row = (case.row)("b").replace("VALUE", "good");
        let known = ["other_response", "type", "name", "Status", "InstanceState"];
        let key = CASES.iter().position(|one| one.arguments == case.arguments).map_or("", |place| known[place]);
        let twice = row.replacen('{', &format!(r#"{{"{key}":"x","{key}":"y","#), 1);
        let outcome = case.pass(&sandbox, text.replace(&row, &twice).into_bytes()).expect(3);
        let counts = ["unchanged", "failed", "deleted"].map(|name| outcome.count(name));
        assert_eq!(counts, [2, 1, 0], "{}: {}", case.arguments, outcome.stdout);
        assert_eq!(outcome.json()["problems"][0]["id"], "b", "{}", outcome.stdout);
        check_total(&outcome);
    }
    for (case, member) in [
        (&CASES[0], r#""next":"?after=x","next":null"#),
        (&CASES[2], r#""code":500,"code":200"#),
        (&CASES[3], r#""NextToken":"x","NextToken":"""#),
        (&CASES[3], r#""Instances":{"Instance":[]},"Instances":{"Instance":[]}"#),
        (&CASES[4], r#""TotalCount":3,"TotalCount":0"#),
    ] {
        let sandbox = Sandbox::small();
        case.pass(&sandbox, case.document_of(&["a", "b", "c"], "")).expect(0);
        let (before, after) = (case.document)("");
        let (before, after) = (before.replace(r#""code":200,"#, ""), after.replace(r#","next":null"#, ""));
        let rows = (case.row)("a").replace("VALUE", "good");
        let text = if before.contains("Response") {
            format!("{before}{rows}{after}").replacen(r#""TotalCount":3"#, member, 1)
        } else {
            format!("{{{member},{}{rows}{after}", &before[1..])
        };
        let outcome = case.pass(&sandbox, text.clone().into_bytes());
        assert!(matches!(outcome.code, Some(3 | 7)), "{text}: {}", outcome.said());
        assert_eq!(outcome.count("deleted"), 0, "{text}");
        assert!(outcome.stdout.contains("contract"), "{text}: {}", outcome.stdout);
    }
}

#[test]
fn text_in_another_character_set_is_decoded_by_its_name_or_warned_of() {
    let name = "中文 联通 {名}";
    for case in &CASES {
        let text = String::from_utf8(case.document_of(&["a", "b", "c"], "")).expect("text").replace("good", name);
        let stored = |sandbox: &Sandbox| sandbox.database().count(&format!("{} WHERE raw LIKE '%{name}%'", case.table));
        let in_gbk = GBK.encode(&text).0.into_owned();
        for content_type in ["application/json; charset=gbk", "text/plain;charset=\"GB2312\""] {
            let sandbox = Sandbox::small();
            let outcome = case.pass_with(&sandbox, Fault::Answer(200, "content-type", content_type, in_gbk.clone()));
            assert_eq!((outcome.code, stored(&sandbox)), (Some(0), 3), "{}: {}", case.arguments, outcome.said());
            assert_eq!(outcome.json()["warnings"], serde_json::json!([]), "{}", outcome.stdout);
        }
        // UTF-8 under another name is what it is.
        let sandbox = Sandbox::small();
        let fault =
            Fault::Answer(200, "content-type", "application/json; charset=iso-8859-1", text.clone().into_bytes());
        case.pass_with(&sandbox, fault).expect(0);
        assert_eq!(stored(&sandbox), 3, "{}", case.arguments);
        // Without a name nobody can know; it is said, and by which scope.
        let sandbox = Sandbox::small();
        let latin = text.replace(name, "caf\u{e9}").chars().filter_map(|letter| u8::try_from(letter).ok()).collect();
        let outcome = case.pass(&sandbox, latin).expect(0);
        let document = outcome.json();
        let warnings = document["warnings"].to_string();
        let scope = document["scopes"][0]["scope"].as_str().expect("a scope");
        assert!(warnings.contains("bytes that are not UTF-8") && warnings.contains(scope), "{}", outcome.stdout);
    }
}
