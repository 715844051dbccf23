//! The crontab in the repository: every line is valid for cron, and its command for tongbu.

use std::ops::RangeInclusive;

use super::{flat, parse, text_of};

const FIELDS: [(&str, RangeInclusive<u8>); 5] =
    [("minute", 0..=59), ("hour", 0..=23), ("day", 1..=31), ("month", 1..=12), ("weekday", 0..=7)];

/// Characters that need a shell, and `%`, which ends a command in a crontab.
const SHELL_CHARACTERS: &str = "%'\"\\$`;&|<>*?()";

/// The command of a line of a system crontab, its words.
pub fn job(line: &str) -> Result<Vec<&str>, String> {
    let mut words = line.split_whitespace();
    for (name, range) in FIELDS {
        let field = words.next().ok_or_else(|| format!("no {name}"))?;
        if !field.split(',').all(|part| is_time(part, &range)) {
            return Err(format!("{name} `{field}`"));
        }
    }
    let user = words.next().ok_or("no user")?;
    if user.is_empty() || !user.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
        return Err(format!("user `{user}`"));
    }
    let command: Vec<&str> = words.collect();
    if command.first() != Some(&"tongbu") {
        return Err(format!("user `{user}` does not run tongbu"));
    }
    match command.iter().find(|word| word.contains(|sign| SHELL_CHARACTERS.contains(sign))) {
        Some(word) => Err(format!("word `{word}`")),
        None => parse(&command).map(|()| command),
    }
}

/// `*`, `7` or `9-23`; all but a single number may have a step: `*/5`.
fn is_time(part: &str, range: &RangeInclusive<u8>) -> bool {
    let (span, step) = match part.split_once('/') {
        Some((span, step)) => (span, Some(step)),
        None => (part, None),
    };
    let number = |text: &str| text.parse::<u8>().ok().filter(|number| range.contains(number));
    let is_span = match span.split_once('-') {
        Some((from, to)) => number(from).zip(number(to)).is_some_and(|(from, to)| from <= to),
        None => span == "*" || step.is_none() && number(span).is_some(),
    };
    let is_step = step.is_none_or(|step| step.parse::<u8>().is_ok_and(|step| (1..=*range.end()).contains(&step)));
    is_span && is_step
}

fn is_setting(line: &str) -> bool {
    line.split_once('=').is_some_and(|(name, _)| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'))
}

/// Every job of `cron.d/tongbu`, its line with its words; also those behind a `#`, to be chosen from.
fn jobs(crontab: &str) -> Vec<(String, Vec<&str>)> {
    let is_job = |line: &&str| line.starts_with(|sign: char| sign.is_ascii_digit() || sign == '*');
    let lines = crontab.lines().map(|line| line.strip_prefix('#').filter(|rest| is_job(rest)).unwrap_or(line));
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#') && !is_setting(line));
    lines.map(|line| (flat(line), job(line).unwrap_or_else(|wrong| panic!("{line}: {wrong}")))).collect()
}

#[test]
fn crontab_is_valid_and_schedules_every_pass() {
    let crontab = text_of("cron.d/tongbu");
    assert!(crontab.ends_with('\n'), "cron ignores a last line without a line break");
    let jobs = jobs(&crontab);
    for registration in tongbu::upstreams::ALL {
        for flags in registration.passes {
            let is_scheduled = jobs.iter().any(|(_, words)| {
                words.starts_with(&["tongbu", "sync", registration.name])
                    && flags.iter().all(|flag| words.contains(flag))
            });
            assert!(is_scheduled, "`sync {}` with {flags:?} has no line in cron.d/tongbu", registration.name);
        }
    }
    for (line, words) in &jobs {
        assert!(words.contains(&"-q"), "a success would send mail: {line}");
        let is_sync = words.get(1) == Some(&"sync");
        assert!(
            !is_sync || words.windows(2).any(|pair| pair == ["--trigger", "auto"]),
            "the trigger is missing: {line}"
        );
    }
}

#[test]
fn crontab_lines_of_the_readme_are_in_the_crontab() {
    let crontab = text_of("cron.d/tongbu");
    let jobs = jobs(&crontab);
    let readme = text_of("README.md");
    let blocks = super::markdown::blocks(&readme);
    let shown: Vec<String> =
        blocks.iter().filter(|block| block.language == "cron").flat_map(|block| block.text.lines().map(flat)).collect();
    assert!(!shown.is_empty());
    for line in shown {
        assert!(jobs.iter().any(|(known, _)| *known == line), "{line}");
    }
}

/// `wrong`: part of the error; empty for a valid line.
fn check(line: &str, wrong: &str) {
    let error = job(line).err().unwrap_or_default();
    assert!(error.contains(wrong) && error.is_empty() == wrong.is_empty(), "{line}: {error}");
}

#[test]
fn invalid_crontab_lines_are_rejected() {
    check("7 * * * * tongbu tongbu sync fairing -q", "");
    check("3-59/5 0,12 1-31 */2 0-7 tongbu tongbu locks clean -q", "");
    check("60 * * * * tongbu tongbu sync fairing", "minute `60`");
    check("0 24 * * * tongbu tongbu sync fairing", "hour `24`");
    check("0 0 0 * * tongbu tongbu sync fairing", "day `0`");
    check("0 0 1 13 * tongbu tongbu sync fairing", "month `13`");
    check("0 0 1 1 8 tongbu tongbu sync fairing", "weekday `8`");
    check("9-3 * * * * tongbu tongbu sync fairing", "minute `9-3`");
    check("5/5 * * * * tongbu tongbu sync fairing", "minute `5/5`");
    check("*/0 * * * * tongbu tongbu sync fairing", "minute `*/0`");
    check("@daily tongbu tongbu sync fairing", "minute `@daily`");
    check("7 * * * tongbu tongbu sync fairing", "weekday `tongbu`");
    check("7 * * * * tongbu sync fairing", "does not run tongbu");
    check("7 * * * * Tongbu! tongbu sync fairing", "user");
    check("7 * * * * tongbu tongbu sync fairing --log-file a.%d", "word `a.%d`");
    check("7 * * * * tongbu tongbu sync fairing > out", "word `>`");
    check("7 * * * * tongbu tongbu sync fairing --queit", "unexpected argument '--queit'");
    check("7 * * * * tongbu tongbu sync fairign", "unrecognized subcommand 'fairign'");
    check("7 * * * * tongbu tongbu sync fairing --max-runtime soon", "invalid value 'soon'");
}
