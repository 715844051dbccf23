//! `setup`: from nothing to a schedule. Plans every step, shows the plan, and takes the steps after a yes.

mod apply;
mod args;
mod ask;
pub mod output;
mod place;
mod plan;
mod step;

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

pub use self::args::SetupArgs;

use self::ask::Secrets;
use self::output::{Checked, SetupOutput, Stage};
use self::place::Place;
use self::plan::{Plan, SYSTEMD};
use self::step::{Action, Note, State};
use super::error::Error;
use super::session::Session;
use crate::config::{choices, env};
use crate::exit::Exit;
use crate::language::Language;
use crate::present::{Text, text};
use crate::upstreams;

const NOTHING_DONE: Text = text("nothing was done", "未做任何更改");
const SAY_YES: Text =
    text("nothing was done: run it again with `--yes`", "未做任何更改：如需执行，请加上 `--yes` 再次运行");
const ALL_THERE: Text = text("everything is there already", "一切均已存在");
const LOOK: Text = text(
    "next: look through `{}`: the names and addresses in it are examples",
    "下一步：检查 `{}`：其中的名称和地址只是示例",
);
const FILL: Text = text(
    "next: put the secret into `{}`: `install {}-m 600 /dev/stdin '{}'`, paste it, Enter, Ctrl-D",
    "下一步：把密钥写入 `{}`：运行 `install {}-m 600 /dev/stdin '{}'`，粘贴后按回车，再按 Ctrl-D",
);
const KEPT: Text = text(
    "`{}` holds a secret already, which stays: `docs/rotate.md` describes how to replace one",
    "`{}` 已有密钥，保持不变：更换方法见 `docs/rotate.md`",
);
const OWNERS: Text = text(
    "next, on the machine: make the user `{}`, give it what is in the folders of mode 700, and run `tongbu setup` there",
    "下一步，在目标机器上：创建用户 `{}`，把权限为 700 的目录交给它，再在那里运行 `tongbu setup`",
);
const START_TIMERS: Text = text(
    "systemd does not run here: `systemctl enable --now {}` on the machine that it runs on",
    "此处 systemd 未运行：请在目标机器上执行 `systemctl enable --now {}`",
);
const FIRST_RUN: Text =
    text("next: the first run, then the state: `{}`, `{}`", "下一步：首次运行并查看状态：`{}`、`{}`");
const TEST_ALERT: Text = text("next: test the alert: `{}`", "下一步：测试告警：`{}`");

/// Shows the plan; where that is wanted, takes the steps and looks at the result.
pub fn cmd_setup(session: &mut Session, args: &SetupArgs) -> Result<Exit, Error> {
    let mut place = Place::find(session, args)?;
    let chosen = choose(session, args, &place)?;
    let mut plan = plan::plan(args, &place, &chosen)?;
    let secrets = if args.secrets_stdin { ask::secrets_on_stdin(&plan)? } else { Secrets::new() };
    let (steps, notes) = (&plan.steps, &plan.notes);
    session.ui.part(&SetupOutput { stage: Stage::Plan, exit: Exit::Ok, steps, notes, checks: &[] });
    if !session.ui.is_json() {
        plan.notes.clear();
    }
    let is_needed = plan.has_work() || !secrets.is_empty();
    let answer = match args {
        SetupArgs { dry_run: true, .. } => Some(false),
        SetupArgs { yes, .. } if *yes || !is_needed => Some(true),
        SetupArgs { .. } => ask::go_on(session),
    };
    match answer {
        Some(true) if is_needed => take_steps(session, args, &mut plan, &mut place, &secrets)?,
        Some(true) if plan.is_lacking => {}
        Some(true) => plan.notes.push(Note::of(ALL_THERE, &[])),
        Some(false) => return Ok(leave(session, &mut plan, NOTHING_DONE, Exit::Ok)),
        None => return Ok(leave(session, &mut plan, SAY_YES, Exit::Usage)),
    }
    let checks = if place.root.is_none() { check(session, &place)? } else { Vec::new() };
    let exits = checks.iter().filter_map(|check| Exit::ALL.iter().copied().find(|exit| exit.code() == check.exit_code));
    let exit = exits.fold(Exit::Ok, Exit::worst);
    add_next_steps(&mut plan, &place);
    let (stage, steps, notes) = (Stage::Applied, &plan.steps, &plan.notes);
    session.ui.output(&SetupOutput { stage, exit, steps, notes, checks: &checks });
    Ok(exit)
}

/// The upstreams that a new configuration is to have.
fn choose(session: &Session, args: &SetupArgs, place: &Place) -> Result<Vec<String>, Error> {
    let mut chosen = args.upstreams.clone();
    let is_new = matches!(place.on_disk(&place.config).try_exists(), Ok(false));
    if chosen.is_empty() && is_new && !args.yes {
        chosen = ask::upstreams(session);
    }
    if chosen.is_empty() && is_new {
        return Err(Error::Usage {
            message: "no upstream to configure".to_owned(),
            hint: format!("give `--upstream NAME`, once or several times: {}", choices(upstreams::names())),
        });
    }
    Ok(chosen)
}

/// Ends without having done anything.
fn leave(session: &Session, plan: &mut Plan, why: Text, exit: Exit) -> Exit {
    plan.notes.push(Note::of(why, &[]));
    let (stage, steps, notes) = (Stage::Undone, &plan.steps, &plan.notes);
    session.ui.output(&SetupOutput { stage, exit, steps, notes, checks: &[] });
    exit
}

fn take_steps(
    session: &Session,
    args: &SetupArgs,
    plan: &mut Plan,
    place: &mut Place,
    secrets: &Secrets,
) -> Result<(), Error> {
    for step in &mut plan.steps {
        let given = secrets.get(ask::name_of(step)).filter(|_| matches!(step.action, Action::WriteSecret));
        if given.is_some() && step.state == State::Present {
            plan.notes.push(Note::of(KEPT, &[&step.subject]));
        }
        let secret = given.cloned().or_else(|| if args.yes { None } else { ask::secret(session, step) });
        let is_wanted = match step.state {
            State::Missing => true,
            State::Differs => !args.yes && ask::replace(session, step),
            State::Empty => secret.is_some(),
            State::Present | State::Done => false,
        };
        if !is_wanted {
            continue;
        }
        if let Action::EnableTimers { names } = &step.action
            && !Path::new(SYSTEMD).exists()
        {
            plan.notes.push(Note::of(START_TIMERS, &[&names.join(" ")]));
            continue;
        }
        apply::take(step, place, secret.as_ref())?;
    }
    Ok(())
}

fn add_next_steps(plan: &mut Plan, place: &Place) {
    if plan.is_new_config {
        plan.notes.push(Note::of(LOOK, &[&place.config.display()]));
    }
    let owner = if place.is_system { format!("-o {0} -g {0} ", place.user) } else { String::new() };
    for step in plan.steps.iter().filter(|step| step.state == State::Empty) {
        plan.notes.push(Note::of(FILL, &[&step.subject, &owner, &step.subject]));
    }
    if place.root.is_some() {
        plan.notes.push(Note::of(OWNERS, &[&place.user]));
        return;
    }
    let as_user = |words: &str| {
        if place.is_system { format!("su -s /bin/sh {} -c '{words}'", place.user) } else { words.to_owned() }
    };
    if plan.steps.iter().any(|step| step.state == State::Done) {
        plan.notes.push(Note::of(FIRST_RUN, &[&as_user("tongbu sync all"), &as_user("tongbu status")]));
        if plan.has_receivers {
            plan.notes.push(Note::of(TEST_ALERT, &[&as_user("tongbu notify test")]));
        }
    }
}

/// Looks at the result as the jobs will see it: as their user, with next to no environment. `doctor` follows only where
/// the configuration can be used.
fn check(session: &Session, place: &Place) -> Result<Vec<Checked>, Error> {
    let mut checks = Vec::new();
    for words in [&["config", "check"][..], &["doctor", "--cron"]] {
        let exit_code = check_one(session, place, words)?;
        let exit_name = Exit::ALL.iter().find(|exit| exit.code() == exit_code).map_or("internal", |exit| exit.name());
        checks.push(Checked { command: words.join(" "), exit_code, exit_name });
        if exit_code != 0 {
            break;
        }
    }
    Ok(checks)
}

fn check_one(session: &Session, place: &Place, words: &[&str]) -> Result<u8, Error> {
    let own = std::env::current_exe().map_err(|source| Error::Read { path: "/proc/self/exe".into(), source })?;
    let mut command = Command::new(&own);
    command.env_clear().env("PATH", "/usr/bin:/bin").env(env::HOME, &place.home).env(env::LOGNAME, &place.user);
    command.current_dir("/").stdin(Stdio::null()).args(words);
    for (flag, path) in [("--config", &place.program.config), ("--db", &place.program.database)] {
        if let Some(path) = path {
            command.arg(flag).arg(path);
        }
    }
    let lang = match session.ui.language() {
        Language::En => "en",
        Language::Zh => "zh",
    };
    command.args(["--lang", lang]).args(session.ui.is_quiet().then_some("-q"));
    if let Some(account) = place.account.as_ref().filter(|_| place.is_system) {
        command.uid(account.uid).gid(account.gid);
    }
    let output = command.output().map_err(|source| Error::Read { path: own, source })?;
    if !session.ui.is_json() {
        session.ui.verbatim(&String::from_utf8_lossy(&output.stdout));
        session.ui.comment(&String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(Exit::Internal.code()))
}
