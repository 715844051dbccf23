//! Runs tongbu in full view and remembers what did not end as expected.

use std::env;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use tongbu::cli::chinese_meaning;
use tongbu::exit::Exit;
use tongbu::language::Language;
use tongbu::present::{Text, text};

use crate::kept;
use crate::sandbox::{Fault, Sandbox};

const COUNT: &str = "SELECT count(*) FROM fairing_responses";
/// How long the first request of a run may take.
const PATIENCE: Duration = Duration::from_secs(20);

const FAKED: Text = text("{} upstreams are faked on this machine:", "本机上模拟了 {} 个上游：");
const CONFIGURED: Text =
    text("tongbu reads where they are from a throw-away configuration:", "tongbu 从一份临时配置中读取它们的地址：");
const IN_ONE_FILE: Text = text("The rows are in one SQLite file.", "数据行都在一个 SQLite 文件中。");
const ROWS: Text = text("{} rows are stored, the upstream has {}", "已存储 {} 行，上游有 {} 行");
const EXIT: Text = text("exit {} ({})", "退出码 {}（{}）");
const ENDED: Text =
    text("`tongbu {}` ended with {}, expected exit {} ({})", "`tongbu {}` 以 {} 结束，应为退出码 {}（{}）");

/// The fakes with the steps so far.
pub struct Show {
    pub sandbox: Sandbox,
    language: Language,
    heading_count: u32,
    failures: Vec<String>,
}

impl Show {
    pub const fn new(sandbox: Sandbox, language: Language) -> Self {
        Self { sandbox, language, heading_count: 0, failures: Vec::new() }
    }

    /// What did not end as expected.
    pub fn failures(self) -> Vec<String> {
        self.failures
    }

    pub fn introduce(&self) {
        let servers = self.sandbox.servers();
        println!("{}", FAKED.fill(self.language, &[&servers.len()]));
        for (name, base_url, _) in servers {
            println!("  {name:<8} {base_url}");
        }
        self.say(CONFIGURED);
        println!("$ export TONGBU_CONFIG={}", self.sandbox.home.config().display());
    }

    pub fn heading(&mut self, title: Text) {
        self.heading_count += 1;
        let (number, title) = (self.heading_count, title.label(self.language));
        if io::stdout().is_terminal() && env::var_os("NO_COLOR").is_none() {
            println!("\n\x1b[1m{number}. {title}\x1b[0m");
        } else {
            println!("\n{number}. {title}");
        }
    }

    /// Runs tongbu with these words, which has to end with this exit code.
    pub fn step(&mut self, why: Text, words: &str, expected: Exit) -> io::Result<()> {
        self.say(why);
        println!("$ tongbu {words}");
        let status = self.command(words).status()?;
        self.check(words, status, expected);
        Ok(())
    }

    /// Runs the same command twice at once: the first run is held by its upstream, the second one ends at its lock.
    pub fn check_lock(&mut self, words: &str) -> io::Result<()> {
        let server = self.sandbox.douban.server().clone();
        let count = server.count("/");
        server.always(Fault::Hold);
        self.say(text(
            "The upstream is slow, and this run waits for it in the background.",
            "上游响应很慢，这次运行在后台等待。",
        ));
        println!("$ tongbu {words} &");
        let first = self.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let deadline = Instant::now() + PATIENCE;
        while server.count("/") == count && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
        self.step(
            text(
                "A second run meanwhile does not wait and changes nothing.",
                "同时启动的第二次运行不等待，也不作任何更改。",
            ),
            words,
            Exit::Locked,
        )?;
        self.step(text("Who holds which lock, and until when.", "谁持有哪个锁，到何时为止。"), "locks list", Exit::Ok)?;
        server.clear_faults();
        self.say(text(
            "The upstream answers, and the first run ends in its own time.",
            "上游作出应答，第一次运行正常结束。",
        ));
        let output = first.wait_with_output()?;
        io::stdout().write_all(&output.stdout)?;
        io::stdout().write_all(&output.stderr)?;
        self.check(words, output.status, Exit::Ok);
        Ok(())
    }

    /// Compares what is stored with what the upstream has.
    pub fn check_rows(&mut self) -> io::Result<()> {
        let database = self.sandbox.home.database();
        self.say(IN_ONE_FILE);
        println!("$ sqlite3 {} '{COUNT}'", database.display());
        let stored = load_count(&database).map_err(io::Error::other)?;
        println!("{stored}");
        let expected = self.sandbox.fairing.response_count();
        if u64::try_from(stored) != Ok(expected) {
            self.failures.push(ROWS.fill(self.language, &[&stored, &expected]));
        }
        Ok(())
    }

    fn command(&self, words: &str) -> Command {
        let mut command = self.sandbox.home.command(&kept::tongbu(&self.sandbox));
        // The output is for the terminal that shows it.
        command.envs(["TERM", "COLORTERM", "NO_COLOR"].iter().filter_map(|name| Some((name, env::var_os(name)?))));
        command.args(words.split_whitespace());
        command
    }

    /// Shows the exit code and what it means.
    fn check(&mut self, words: &str, status: ExitStatus, expected: Exit) {
        let ended = Exit::ALL.iter().copied().find(|exit| status.code() == Some(exit.code().into()));
        match ended {
            Some(exit) => {
                let meaning = match (exit, self.language) {
                    (Exit::Ok, _) => String::new(),
                    (exit, Language::En) => format!(": {}", exit.meaning()),
                    (exit, Language::Zh) => format!("：{}", chinese_meaning(exit)),
                };
                println!("{}{meaning}", EXIT.fill(self.language, &[&exit.code(), &exit.name()]));
            }
            None => println!("{status}"),
        }
        if ended != Some(expected) {
            let ended = ENDED.fill(self.language, &[&words, &status, &expected.code(), &expected.name()]);
            self.failures.push(ended);
        }
    }

    pub fn say(&self, text: Text) {
        println!("\n{}", text.label(self.language));
    }
}

fn load_count(database: &Path) -> rusqlite::Result<i64> {
    let database = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    database.query_row(COUNT, [], |row| row.get(0))
}
