//! A day of cron in a sandbox: a clock that is moved, jobs as cron runs them, and everybody who may hear of them.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use toml::Table;

use super::crontab::{Crontab, Job};
use crate::sandbox::tasks::Task;
use crate::sandbox::{FakeServer, Fault};
use crate::support::{Outcome, Running, Sandbox, set_clock};

/// The path of the receiver of notifications, and that of the watchdog.
pub const RECEIVER: &str = "/receiver";
const WATCHDOG: &str = "/watchdog";

/// The state of the simulated machine.
pub struct Day {
    pub sandbox: Sandbox,
    /// What the crontab sets.
    environment: Vec<(String, String)>,
    midnight: Timestamp,
    hour: u32,
    /// How far the simulated clock is ahead of this machine's.
    ahead: SignedDuration,
    /// How wrong the clock of the next run is.
    pub clock_off: SignedDuration,
    /// What the shell does before the next run, and what the operator adds to its command.
    pub limits: &'static str,
    pub flags: &'static str,
    /// How fast the clock of the next run goes.
    speed: &'static str,
    /// The next run is killed once this one has a request.
    pub killed_at: Option<FakeServer>,
    /// Who holds a lock.
    pub holder: Option<Running>,
    /// A connection with a transaction that writes.
    other_program: Option<Connection>,
    pub kept_tasks: Vec<Task>,
}

/// What is heard of one run.
#[derive(Debug)]
pub struct Heard {
    /// What cron mails: both streams.
    pub mail: String,
    pub outcome: Outcome,
    /// What the receiver of notifications was sent.
    pub messages: Vec<Value>,
    /// The paths of failures that the watchdog was sent.
    pub alarms: Vec<String>,
}

impl Day {
    /// Midnight, with a configuration of all upstreams that notifies of every failure.
    pub fn begin() -> Self {
        let mut sandbox = Sandbox::small();
        let address = sandbox.receiver.base_url().to_owned();
        sandbox.ping(&format!("{address}{WATCHDOG}/{{sync}}-{{type}}"));
        let url = sandbox.home.secret("hook", &format!("{address}{RECEIVER}"));
        let entry = [("kind".to_owned(), "webhook".into()), ("url".to_owned(), url), ("after".to_owned(), 1.into())];
        sandbox.home.set("monitor.notify", vec![toml::Value::from(Table::from_iter(entry))]);
        // As it is by default.
        sandbox.home.set("fairing.min_interval", "1h");
        let zone = jiff::tz::TimeZone::get("Asia/Shanghai").expect("a zone");
        let midnight = Timestamp::now().to_zoned(zone).start_of_day().expect("today begins").timestamp();
        Self {
            sandbox,
            environment: Vec::new(),
            midnight,
            hour: 0,
            ahead: SignedDuration::MIN,
            clock_off: SignedDuration::ZERO,
            limits: "",
            flags: "",
            speed: "",
            killed_at: None,
            holder: None,
            other_program: None,
            kept_tasks: Vec::new(),
        }
    }

    /// The schedule that this configuration gets.
    pub fn crontab(&mut self, often: usize) -> Crontab {
        let config = self.sandbox.home.config();
        let generated = self.sandbox.run(&format!("generate cron --config {}", config.display())).expect(0);
        let crontab = Crontab::parse(&generated.stdout, often);
        self.environment.clone_from(&crontab.environment);
        crontab
    }

    /// Moves all clocks to that minute; what took longer than its minute delays the next one.
    pub fn advance_to(&mut self, hour: u32, minute: u32) {
        self.hour = hour;
        let target = self.midnight + SignedDuration::from_mins(i64::from(hour * 60 + minute));
        self.ahead = self.ahead.max(target.duration_since(Timestamp::now()));
        let seconds = self.ahead.as_secs();
        self.sandbox.servers().iter().for_each(|(.., server)| server.set_clock(seconds));
    }

    /// The user whose event belongs to this hour.
    pub fn user(&self) -> i64 {
        100 + i64::from(self.hour)
    }

    /// What the operator does at the simulated time; it must succeed.
    pub fn operate(&self, words: &str) -> Outcome {
        Running::start(self.sandbox.command_at(&offset(self.ahead), words)).wait().expect(0)
    }

    pub fn ask(&self, words: &str) -> Value {
        self.operate(&format!("{words} --json")).json()
    }

    /// Starts a run that keeps the lock of today's tasks.
    pub fn hold_today(&mut self) {
        let server = self.sandbox.tasks.server();
        let count = server.count("/");
        server.always(Fault::Hold);
        let mut holder = Running::start(self.sandbox.command_at(&offset(self.ahead), "sync tasks --window today"));
        holder.await_requests(server, count + 1);
        self.holder = Some(holder);
    }

    /// Another program begins to write and does not end.
    pub fn lock_database(&mut self) {
        let connection = Connection::open(self.sandbox.home.database()).expect("the database opens");
        connection.execute_batch("BEGIN IMMEDIATE").expect("it can be locked");
        // A run waits half a minute by its own clock.
        (self.other_program, self.speed) = (Some(connection), " x20");
    }

    pub fn unlock_database(&mut self) {
        (self.other_program, self.speed) = (None, "");
    }

    /// The upstream's address changes.
    pub fn move_fairing(&mut self, address: &str) {
        self.sandbox.home.set("fairing.base_url", address);
    }

    /// Runs the job as cron does, and listens.
    pub fn run(&self, job: &Job) -> Heard {
        let mut running = Running::start(self.command(job));
        if let Some(server) = &self.killed_at {
            running.await_requests(server, 1);
            let group = Pid::from_raw(running.pid()).expect("a process");
            kill_process_group(group, Signal::KILL).expect("the run goes on");
        }
        let outcome = running.wait();
        if let Some(server) = &self.killed_at {
            server.clear_faults();
        }
        let messages = self.sandbox.receiver.take_messages().into_iter().map(|(_, message)| message);
        let pings = self.sandbox.receiver.server().take_log().into_iter().map(|logged| logged.path);
        Heard {
            mail: outcome.said(),
            messages: messages.collect(),
            alarms: pings.filter(|path| path.starts_with(WATCHDOG) && path.ends_with("/fail")).collect(),
            outcome,
        }
    }

    /// With cron's environment and no terminal; the library that sets the clock is the experiment's.
    fn command(&self, job: &Job) -> Command {
        if let Some(server) = &self.killed_at {
            server.take_log();
            server.always(Fault::Hold);
        }
        let home = self.sandbox.home.path();
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", &format!("{}{}{}", self.limits, job.command, self.flags)])
            .current_dir(home)
            .process_group(0);
        command.env_clear().env("HOME", home).env("LOGNAME", "tongbu").env("SHELL", "/bin/sh");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        set_clock(&mut command, &(offset(self.ahead + self.clock_off) + self.speed));
        command
    }
}

/// The way `faketime` reads it.
fn offset(ahead: SignedDuration) -> String {
    format!("{:+}", ahead.as_secs())
}
