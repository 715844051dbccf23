//! What people who read Chinese see, in the encoding of their locale.

use std::process::Output;

use encoding_rs::GBK;

use crate::sandbox::{Fault, Rule, Users};
use crate::support::Sandbox;

fn is_chinese(text: &str) -> bool {
    text.chars().any(|sign| ('\u{4e00}'..='\u{9fff}').contains(&sign))
}

/// Every line has Chinese in it.
fn check(what: &str, text: &str) {
    let english: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty() && !is_chinese(line)).collect();
    assert!(english.is_empty(), "{what}: {english:#?}\n{text}");
}

#[test]
fn every_failure_of_an_upstream_is_chinese_wherever_it_is_shown() {
    for (fault, code) in [
        (Fault::Status(401), 6),
        (Fault::Status(403), 6),
        (Fault::Status(404), 7),
        (Fault::Status(500), 5),
        (Fault::html(), 7),
    ] {
        let sandbox = Sandbox::small();
        sandbox.fairing.server().always(fault.clone());
        for arguments in ["sync fairing --lang zh", "sync fairing --lang zh -q"] {
            let outcome = sandbox.run(arguments).expect(code);
            check(&format!("{fault:?}"), &outcome.stderr);
        }
        let first = sandbox.run("records list --failed --lang zh").expect(0).stdout;
        let row = first.lines().find(|line| line.contains("fairing")).expect("a row");
        assert!(is_chinese(row.split("失败").last().unwrap_or_default()), "{fault:?}: {row}");
        let shown = sandbox.run("records show last --lang zh").expect(0).stdout;
        for line in shown.lines().filter(|line| line.contains("contract") || line.contains("GET")) {
            assert!(is_chinese(line), "{fault:?}: {shown}");
        }
        // What scripts read stays as it is.
        let record = sandbox.run("records show last --json --lang zh").expect(0).json();
        assert!(!is_chinese(record["record"]["error_message"].as_str().expect("a message")), "{record:#}");
    }
}

#[test]
fn mistakes_of_a_person_are_explained_in_chinese() {
    let mut sandbox = Sandbox::small();
    sandbox.run("sync fairing").expect(0);
    for (arguments, code) in [
        ("status --config /nonexistent.toml", 4),
        ("status --max-age nope=2h", 2),
        ("sync fairing --account shop-eo", 2),
        ("sync ecs --regions mars-1", 2),
        ("sync users --target nope", 2),
        ("records show 999", 2),
        ("records list --page 99", 2),
        ("records list --sync fairng", 2),
        ("locks break nope --token 1", 2),
        ("sync fairing --db /proc/nope/t.db", 12),
        ("backup /proc/nope/t.db", 12),
        ("restore /dev/null", 12),
        ("users events show 999", 2),
        ("users emit user.created", 2),
        ("packages import /nonexistent.csv", 2),
        ("tasks suggest 1", 2),
        ("generate cron --user 1", 2),
        ("metrics --json", 2),
        ("notify test", 2),
    ] {
        let outcome = sandbox.run(&format!("{arguments} --lang zh"));
        assert_eq!(outcome.code, Some(code), "{arguments}: {}", outcome.said());
        let lines = outcome.stderr.lines().filter(|line| !line.starts_with("用法"));
        check(arguments, &lines.collect::<Vec<_>>().join("\n"));
    }
    sandbox.home.set("fairing.workers", "many");
    sandbox.home.set("fairing.min_intervall", "1h");
    sandbox.home.set("lang", "zh_CN");
    let outcome = sandbox.run("config check").expect(4);
    let rows = outcome.stdout.lines().filter(|line| line.contains("错误"));
    assert_eq!(rows.clone().filter(|line| is_chinese(&line.replace("错误", ""))).count(), 2, "{}", outcome.stdout);
    check("sync", &sandbox.run("sync fairing --lang zh").expect(4).stderr);
}

fn output(sandbox: &Sandbox, locale: &str, arguments: &[&str]) -> Output {
    sandbox.command().env("LC_ALL", locale).args(arguments).output().expect("tongbu starts")
}

#[test]
fn output_is_in_the_encoding_of_the_locale_and_json_in_utf_8() {
    let sandbox = Sandbox::small();
    sandbox.run("sync fairing").expect(0);
    let gbk = |arguments: &[&str]| {
        let output = output(&sandbox, "zh_CN.GBK", arguments);
        let decode =
            |bytes: &[u8]| GBK.decode_without_bom_handling_and_without_replacement(bytes).expect("GBK").into_owned();
        (decode(&output.stdout), decode(&output.stderr))
    };
    let utf8 = |arguments: &[&str]| {
        let output = output(&sandbox, "zh_CN.UTF-8", arguments);
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("UTF-8"))
    };
    for arguments in [&["locks", "list"][..], &["--help"], &["records", "show", "999"], &["snyc"]] {
        let [stdout, stderr] = utf8(arguments);
        assert_eq!(gbk(arguments), (stdout, stderr.clone()), "{arguments:?}");
        assert!(stderr.is_empty() || is_chinese(&stderr), "{stderr}");
    }
    let json = output(&sandbox, "zh_CN.GBK", &["status", "--json"]).stdout;
    assert_eq!(String::from_utf8(json).expect("UTF-8").lines().count(), 1);
}

#[test]
fn an_encoding_without_chinese_is_a_warning_and_english() {
    let sandbox = Sandbox::small();
    for (locale, warned) in [
        (
            "en_US.ISO-8859-1",
            "warning: the encoding windows-1252 of the locale has no Chinese: set `LC_ALL=zh_CN.UTF-8`\n",
        ),
        ("zh_TW.Big5", "warning: the encoding Big5 of the locale has no Chinese: set `LC_ALL=zh_CN.UTF-8`\n"),
        ("zh_CN.KLINGON", "警告: 区域设置的编码 `KLINGON` 未知：输出使用 UTF-8\n"),
        ("C", ""),
        ("zh_TW.UTF-8", ""),
    ] {
        let output = output(&sandbox, locale, &["locks", "list", "--lang", "zh"]);
        assert_eq!(String::from_utf8_lossy(&output.stderr), warned, "{locale}");
        let shown = String::from_utf8(output.stdout).expect("UTF-8");
        assert_eq!(is_chinese(&shown), !warned.starts_with("warning"), "{locale}: {shown}");
    }
}

#[test]
fn a_language_may_be_named_like_a_locale() {
    let sandbox = Sandbox::small();
    for name in ["zh", "zh_CN", "zh-CN", "zh_CN.UTF-8", "ZH", "zh_TW", "zh-Hans"] {
        let outcome = sandbox.run(&format!("locks list --lang {name}")).expect(0);
        assert!(is_chinese(&outcome.stdout), "{name}: {}", outcome.stdout);
    }
    let outcome = sandbox.run("locks list --lang fr").expect(2);
    assert!(outcome.stderr.contains("[possible values: en, zh]"), "{}", outcome.stderr);
    let mut command = sandbox.command();
    command.env("TONGBU_LANG", "zh_CN.UTF-8").args(["locks", "list"]);
    let output = command.output().expect("tongbu starts");
    assert!(is_chinese(&String::from_utf8_lossy(&output.stdout)));
}

/// No two English words are left beside each other, but for what is quoted.
#[track_caller]
fn check_no_english(what: &str, text: &str) {
    let bare: String = text.split('`').step_by(2).collect::<Vec<_>>().join("`");
    let is_word = |word: &str| word.len() > 1 && word.chars().all(|sign| sign.is_ascii_lowercase());
    let words: Vec<&str> = bare.split_whitespace().collect();
    assert!(!words.windows(2).any(|pair| is_word(pair[0]) && is_word(pair[1])), "{what}: {text}");
}

#[test]
fn messages_of_many_parts_are_put_together_in_chinese() {
    let json = |answer| Fault::Instead("application/json", answer);
    for (answer, expected) in
        [(r#"{"success":false}"#, "应答带有 `error`，或声称失败"), (r#"{"data": 5}"#, "无法读取行以外的部分：类型无效")]
    {
        let sandbox = Sandbox::small();
        sandbox.fairing.server().always(json(answer));
        let shown = sandbox.run("sync fairing --lang zh -q").expect(7).stderr;
        assert!(shown.contains(expected), "{answer}: {shown}");
        check_no_english(answer, &shown);
    }
    let sandbox = Sandbox::small();
    sandbox.users.refuse_user(Users::SERVICE, 2, 422);
    let line = "{\"type\":\"user.created\",\"user_id\":2,\"username\":\"user2\"}\n";
    sandbox.spawn_fed("users emit - --json", line).wait().expect(0);
    let shown = sandbox.run("sync users --lang zh -q").expect(3).stderr;
    assert!(shown.contains("目标 `user-service`：失败的投递：1；第一项："), "{shown}");
    check_no_english("users", &shown);
    sandbox.users.server().add(Rule::on("/", Fault::Status(500)));
    sandbox.spawn_fed("users emit - --json", &line.replace('2', "3")).wait().expect(0);
    check_no_english("users", &sandbox.run("sync users --lang zh -q").stderr);
}

#[test]
fn mistakes_in_the_configuration_are_explained_in_chinese() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("http.read_timeout", 5);
    let shown = sandbox.run("sync fairing --lang zh").expect(4).stderr;
    assert!(shown.contains(r#"缺少单位：请写成 "5s"、"5m"、"5h" 或 "5d""#), "{shown}");
    sandbox.home.set("http.read_timeout", true);
    check_no_english("a span", &sandbox.run("sync fairing --lang zh").expect(4).stderr);
    for text in [
        "fairing = [",
        "lang = \"zh",
        "a = 1\na = 2",
        "a",
        "= 1",
        "[x",
        "a = 1__0",
        "a = {b = 1",
        "a = 'x\n'",
        "x = 2025-13-01",
    ] {
        std::fs::write(sandbox.home.config(), text).expect("a file can be written");
        let shown = sandbox.run("sync fairing --lang zh").expect(4).stderr;
        check_no_english(text, &shown);
    }
    let shown = sandbox.run("backup /tmp --keep 0 --lang zh").expect(2).stderr;
    assert!(shown.contains("须是不小于 1 的整数"), "{shown}");
    assert!(sandbox.run("backup /tmp --keep 0 --lang en").expect(2).stderr.contains("must be a whole number from 1"));
}
