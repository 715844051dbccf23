//! The configuration template has every key of an upstream's section, and `config show` lists them.

use std::fs;

use tongbu::config::{self, Config, env::Environment};
use tongbu::upstreams::{self, Registration};

/// A key of every upstream, described only once, in `[http]`.
const SHARED: &str = "http";

fn load(text: &str) -> Config {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("config.toml");
    fs::write(&path, text).expect("a file can be written");
    let none: [(&'static str, &str); 0] = [];
    config::load(Some(&path), &upstreams::sections(), &Environment::fixed(none)).expect("it loads")
}

/// The keys of the section, from the error about an unknown one.
fn keys(registration: &Registration) -> Vec<String> {
    let config = load(&format!("[{}]\nzzzzzzzzzzzzzzzz = 1\n", registration.name));
    let message = (registration.describe)(&config).expect_err("the key is unknown").to_string();
    let known = message.split_once("; known are ").expect("the message lists the known keys").1;
    known.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn config_template_has_every_key() {
    for registration in upstreams::ALL {
        let keys = keys(registration);
        assert!(keys.len() > 1, "{keys:?}");
        for key in keys.iter().filter(|key| *key != SHARED) {
            let path = format!("{}.{key}", registration.name);
            let [set, below, table] = [format!("#{path} = "), format!("#{path}."), format!("#[[{path}]]")];
            let is_there = |line: &str| [&set, &below, &table].iter().any(|begin| line.starts_with(*begin));
            let is_there = registration.template.lines().any(is_there);
            assert!(is_there, "`{key}` is missing in the template of `{}`", registration.name);
        }
    }
}

#[test]
fn each_key_of_the_template_does_without_the_others() {
    let text = config::template(&upstreams::sections());
    let (keys, _) = text.split_once("#[[").expect("accounts are tables");
    let keys: Vec<&str> = keys.lines().filter(|line| line.starts_with('#') && !line.starts_with("# ")).collect();
    assert!(keys.len() > 60, "{keys:?}");
    for line in keys.into_iter().filter(|line| *line != "#") {
        let config = load(&line[1..]);
        let mistakes: Vec<_> =
            upstreams::ALL.iter().flat_map(|registration| (registration.mistakes)(&config)).collect();
        assert!(mistakes.is_empty(), "{line}: {mistakes:?}");
    }
}

#[test]
fn config_show_lists_every_key_with_its_default() {
    for registration in upstreams::ALL {
        let name = registration.name;
        let shown = (registration.describe)(&load(&format!("[{name}]\n"))).expect("an empty section is one");
        assert!(shown.iter().all(|setting| setting.place.is_none()), "{shown:?}");
        for key in keys(registration) {
            let key = format!("{name}.{key}");
            let is_shown =
                |setting: &config::Setting| setting.key == key || setting.key.starts_with(&format!("{key}."));
            assert!(shown.iter().any(is_shown), "`{key}` is missing");
        }
    }
}
