//! The configuration as a whole: layers, errors, sections.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::env::Environment;
use super::{ByteSize, Config, Error, HttpSettings, NotifyKind, SecretRef, Span, load};
use crate::config;
use crate::error::Class;
use crate::language::Language;

pub const SECTIONS: &[config::Section] = &[section("fairing"), section("douban"), section("ecs")];

const fn section(name: &'static str) -> config::Section {
    config::Section { name, template: "" }
}

/// A section of an upstream that does not exist.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Section {
    base_url: String,
    auth: Auth,
    workers: u32,
    min_interval: Span,
    accounts: Vec<Account>,
    http: HttpSettings,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Auth {
    Raw,
    Bearer,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    name: String,
    token: SecretRef,
}

impl Default for Section {
    fn default() -> Self {
        Self {
            base_url: "https://app.fairing.co".to_owned(),
            auth: Auth::Raw,
            workers: 2,
            min_interval: Span::from_secs(3600),
            accounts: Vec::new(),
            http: HttpSettings::default(),
        }
    }
}

/// Loads the text as a file `config.toml` under exactly these variables.
pub fn load_text<const N: usize>(
    text: &str,
    sections: &[config::Section],
    variables: [(&'static str, &'static str); N],
) -> Result<Config, Error> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.toml");
    fs::write(&path, text).unwrap();
    load(Some(&path), sections, &Environment::fixed(variables))
}

/// The error the text gives, without the directory of the file.
fn error_of<const N: usize>(text: &str, variables: [(&'static str, &'static str); N]) -> String {
    let error = load_text(text, SECTIONS, variables)
        .and_then(|config| config.section::<Section>("fairing"))
        .map(|section| format!("{section:?}"))
        .unwrap_err();
    assert_eq!(error.class(), Class::Config);
    let shown = error.to_string();
    assert!(!shown.contains("hunter2") && !format!("{error:?}").contains("hunter2"), "{error:?}");
    match shown.split_once("/config.toml") {
        Some((_, rest)) => format!("config.toml{rest}"),
        None => shown,
    }
}

fn check(text: &str, expected: &str) {
    assert_eq!(error_of(text, []), expected, "{text}");
}

#[test]
fn unknown_key_is_refused_with_its_line_and_the_nearest_name() {
    check(
        "[fairing]\nworkers = 1\nmin_intervall = \"1h\"\n",
        "config.toml` line 3: unknown key `min_intervall` in `[fairing]`; did you mean `min_interval`?",
    );
    check(
        "[[fairing.accounts]]\nname = \"a\"\ntokn = { env = \"A\" }\n",
        "config.toml` line 3: unknown key `tokn` in `fairing.accounts[0]`; did you mean `token`?",
    );
    check("[fairng]\n", "config.toml` line 1: unknown key or section `fairng`; did you mean `fairing`?");
    check("\ndatabse = \"a\"\n", "config.toml` line 2: unknown key or section `databse`; did you mean `database`?");
    check("[log]\nkeeep = \"1d\"\n", "config.toml` line 2: unknown key `keeep` in `[log]`; did you mean `keep`?");
    check(
        "[log]\ncolour = 1\n",
        "config.toml` line 2: unknown key `colour` in `[log]`; known are `file`, `keep`, `max_size`",
    );
}

#[test]
fn wrong_value_is_refused_with_what_is_allowed() {
    check("[http]\nretries = \"3\"\n", "config.toml` line 2: `http.retries` must be a whole number, not a string");
    check(
        "[fairing]\nworkers = -1\n",
        "config.toml` line 2: `fairing.workers` must be a whole number from 0 up, not a negative number",
    );
    check("[fairing]\nworkers = 99999999999\n", "config.toml` line 2: `fairing.workers` is too large");
    check(
        "[fairing]\nmin_interval = 5\n",
        "config.toml` line 2: `fairing.min_interval` needs a unit: write it like \"5s\", \"5m\", \"5h\" or \"5d\"",
    );
    check(
        "[fairing.http]\nmax_body = \"2 parsecs\"\n",
        "config.toml` line 2: `fairing.http.max_body` must be a size such as `1000`, `512KiB`, `64MiB` or `2GiB`",
    );
    check("lang = \"zhh\"\n", "config.toml` line 1: `lang` must be one of `auto`, `en`, `zh`; did you mean `zh`?");
    check("fairing = 3\n", "config.toml` line 1: `fairing` must be a table that begins with `[fairing]`");
    check("[fairing]\naccounts = \"a\"\n", "config.toml` line 2: `fairing.accounts` must be a list, not a string");
    check("[fairing]\nhttp = 3\n", "config.toml` line 2: `fairing.http` must be a table, not a whole number");
    check("[[fairing.accounts]]\nname = \"a\"\n", "config.toml` line 1: missing key `token` in `fairing.accounts[0]`");
}

#[test]
fn misplaced_secret_is_never_quoted() {
    let reference = "must be a reference such as { env = \"NAME\" }, { file = \"path\" }, { command = \"program arg\" } \
                     or { credential = \"name\" }, never the secret itself";
    check(
        "[[fairing.accounts]]\nname = \"a\"\ntoken = \"hunter2\"\n",
        &format!("config.toml` line 3: `fairing.accounts[0].token` {reference}"),
    );
    check("[monitor]\nping_url = \"hunter2\"\n", &format!("config.toml` line 2: `monitor.ping_url` {reference}"));
    check("[fairing]\nauth = \"raw-hunter2\"\n", "config.toml` line 2: `fairing.auth` must be one of `raw`, `bearer`");
    check(
        "[fairing]\nworkers = \"hunter2\"\n",
        "config.toml` line 2: `fairing.workers` must be a whole number from 0 up, not a string",
    );
    check(
        "[monitor]\nping_url = { evn = \"hunter2\" }\n",
        "config.toml` line 2: unknown key `evn` in `[monitor.ping_url]`; did you mean `env`?",
    );
    assert!(error_of("token = hunter2\n", []).starts_with("config.toml` line 1, column 9: "));
}

#[test]
fn variable_overrides_file_and_file_overrides_default() {
    let text = "[fairing]\nbase_url = \"http://file\"\nworkers = 3\n";
    let variables = [("TONGBU_FAIRING__BASE_URL", "http://variable"), ("TONGBU_FAIRING__HTTP__RETRIES", "9")];
    let section: Section = load_text(text, SECTIONS, variables).unwrap().section("fairing").unwrap();
    assert_eq!((section.base_url.as_str(), section.workers, section.http.retries), ("http://variable", 3, 9));
    assert_eq!((section.auth, section.min_interval), (Auth::Raw, Span::from_secs(3600)));

    let accounts = "[{ name = \"eu\", token = { env = \"EU\" } }]";
    let section: Section =
        load_text("", SECTIONS, [("TONGBU_FAIRING__ACCOUNTS", accounts)]).unwrap().section("fairing").unwrap();
    assert_eq!(section.accounts[0].name, "eu");
    assert_eq!(section.accounts[0].token, SecretRef::Env("EU".to_owned()));
}

#[test]
fn wrong_variable_is_named() {
    assert_eq!(
        error_of("", [("TONGBU_FAIRING__WORKERS", "hunter2")]),
        "`TONGBU_FAIRING__WORKERS`: `fairing.workers` must be a whole number from 0 up, not a string"
    );
    assert_eq!(
        error_of("[fairing]\nworkers = 1\n", [("TONGBU_FAIRING__WORKRES", "2")]),
        "`TONGBU_FAIRING__WORKRES`: unknown key `workres` in `[fairing]`; did you mean `workers`?"
    );
    assert_eq!(
        error_of("", [("TONGBU_FARING__WORKERS", "2")]),
        "`TONGBU_FARING__WORKERS`: unknown key or section `faring`; did you mean `fairing`?"
    );
    assert_eq!(error_of("", [("TONGBU_LANG", "english")]), "`TONGBU_LANG`: `lang` must be one of `auto`, `en`, `zh`");
}

#[test]
fn section_http_overrides_global_http() {
    let text = "[http]\nretries = 7\nbackoff = \"1s\"\n[fairing.http]\nbackoff = \"9s\"\n";
    let config = load_text(text, SECTIONS, []).unwrap();
    let expected = HttpSettings { retries: 7, backoff: Span::from_secs(9), ..HttpSettings::default() };
    assert_eq!(config.section::<Section>("fairing").unwrap().http, expected);
    let elsewhere: Section = config.section("douban").unwrap();
    assert_eq!((elsewhere.http.retries, elsewhere.http.backoff), (7, Span::from_secs(1)));
    assert!(config.has_section("fairing") && !config.has_section("douban"));
}

#[test]
fn no_file_at_all_means_defaults() {
    let config = load(Some(Path::new("/dev/null")), SECTIONS, &Environment::fixed([("A", "b")])).unwrap();
    let settings = config.settings();
    assert_eq!(settings.http, HttpSettings::default());
    assert_eq!(settings.http.max_body, ByteSize(2 << 30));
    assert_eq!(settings.records.keep.0, Duration::from_secs(30 * 86_400));
    assert_eq!(config.section::<Section>("fairing").unwrap().workers, 2);

    let missing = load(Some(Path::new("/nowhere/c.toml")), SECTIONS, &Environment::default()).unwrap_err();
    assert_eq!(missing.to_string(), "cannot read the configuration `/nowhere/c.toml`");
    assert!(missing.hint().unwrap().contains("tongbu config init"));
}

#[test]
fn notifications_have_a_kind_and_a_default_threshold() {
    let text = "[[monitor.notify]]\nkind = \"dingtalk\"\nurl = { file = \"ding.url\" }\n\
                [[monitor.notify]]\nkind = \"command\"\nurl = { env = \"PAGER\" }\nafter = 1\n";
    let config = load_text(text, SECTIONS, []).unwrap();
    let [first, second] = config.settings().monitor.notify.as_slice() else { panic!("two were written") };
    assert_eq!((first.kind, first.after, second.kind, second.after), (NotifyKind::Dingtalk, 3, NotifyKind::Command, 1));
    let SecretRef::File(path) = &first.url else { panic!("a file was written") };
    assert_eq!(path, &config.path().unwrap().with_file_name("ding.url"));
    check(
        "[[monitor.notify]]\nkind = \"dingtlak\"\nurl = { env = \"A\" }\n",
        "config.toml` line 2: `monitor.notify[0].kind` must be one of `webhook`, `dingtalk`, `feishu`, \
         `wecom`, `slack`, `email`, `command`; did you mean `dingtalk`?",
    );
}

#[test]
fn unknown_time_zone_names_the_nearest() {
    let zone = |text: &str| load_text(text, SECTIONS, []).unwrap().time_zone();
    assert_eq!(zone("time_zone = \"Asia/Shanghai\"\n").unwrap().iana_name(), Some("Asia/Shanghai"));
    let error = zone("\ntime_zone = \"Asia/Shanghia\"\n").unwrap_err().to_string();
    assert!(error.contains("line 2: `time_zone` must be the name of a time zone"), "{error}");
    assert!(error.ends_with("; did you mean `Asia/Shanghai`?"), "{error}");
    for meant in ["CST", "Asia/Beijing", "UTC+8", "GMT+08:00", "+0800", "北京时间", "China"] {
        let error = zone(&format!("time_zone = \"{meant}\"\n")).unwrap_err().to_string();
        assert!(error.ends_with("; did you mean `Asia/Shanghai`?"), "{meant}: {error}");
    }
    let error = zone("time_zone = \"hunter2\"\n").unwrap_err().to_string();
    assert!(error.ends_with("such as `Asia/Shanghai`"), "{error}");
    assert!(zone("").is_ok());
}

#[test]
fn language_is_chosen_by_flag_then_variable_then_file_then_locale() {
    let language = |text, variables: [_; 2], flag| load_text(text, SECTIONS, variables).unwrap().language(flag);
    let file = "lang = \"en\"\n";
    assert_eq!(language("", [("LANG", "zh_CN.UTF-8"), ("A", "")], None), Language::Zh);
    assert_eq!(language(file, [("LANG", "zh_CN.UTF-8"), ("A", "")], None), Language::En);
    assert_eq!(language(file, [("LANG", "C"), ("TONGBU_LANG", "zh")], None), Language::Zh);
    assert_eq!(language(file, [("LANG", "C"), ("TONGBU_LANG", "zh")], Some(Language::En)), Language::En);
}

#[test]
fn debug_shows_no_text_of_the_file() {
    let config = load_text("[fairing]\ntoken = \"hunter2\"\n", SECTIONS, []).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}
