//! What goes wrong in which hour, and who has to hear of it.

use std::fs;
use std::net::TcpListener;

use jiff::SignedDuration;

use super::day::{Day, RECEIVER};
use crate::sandbox::{Fairing, Fault, Rule, Users};
use crate::support::serve_self_signed;

/// Meets the first run of its hour that its job starts.
pub struct Incident {
    pub hour: u32,
    pub name: &'static str,
    /// What the job's command contains.
    pub job: &'static str,
    pub expected: Expected,
    /// Before the run, and after it.
    pub begin: fn(&mut Day),
    pub end: fn(&mut Day),
}

/// Who hears of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Nobody: it is as good as any.
    Good,
    /// Everybody: cron's mail, the record, `status`, the metrics, the watchdog and the receiver of notifications.
    Failure(i32),
    /// Everybody but the receiver and the watchdog, who are down; the mail says that, too.
    Uncalled(i32),
    /// Everybody who needs no database.
    Unrecorded(i32),
    /// The mail alone: what names the others cannot be read.
    MailOnly(i32),
    /// The mail, and a record that says who held the lock: it is no failure of the sync.
    Conflict,
    /// The mail: the run is good, and something else is not.
    Warning,
    /// It cannot say anything: `status`, the records and the metrics show it at once, the next run reports it to the others.
    Death,
}

const NOTHING: Incident = Incident { hour: 0, name: "", job: "", expected: Expected::Good, begin: |_| {}, end: |_| {} };

/// Every hour but the good ones. What a mended fault leaves behind is good in the next hour.
pub const INCIDENTS: &[Incident] = &[
    Incident {
        hour: 0,
        name: "an upstream that does not answer until the time is up",
        job: "sync fairing",
        expected: Expected::Failure(10),
        begin: |day| {
            day.flags = " --max-runtime 1s";
            day.sandbox.fairing.server().always(Fault::Hold);
        },
        end: |day| {
            day.flags = "";
            day.sandbox.fairing.server().clear_faults();
        },
    },
    Incident {
        hour: 1,
        name: "a wrong totalCount",
        job: "sync tasks --window historical",
        expected: Expected::Failure(3),
        begin: |day| day.sandbox.tasks.style(|style| style.total_offset = 1),
        end: |day| day.sandbox.tasks.style(|style| style.total_offset = 0),
    },
    Incident {
        hour: 2,
        name: "a block",
        job: "sync douban",
        expected: Expected::Failure(3),
        begin: |day| day.sandbox.douban.server().add(Rule::on("/subject/", Fault::throttled("60"))),
        end: |day| day.sandbox.douban.server().clear_faults(),
    },
    Incident {
        hour: 3,
        name: "rejected credentials",
        job: "sync fairing",
        expected: Expected::Failure(6),
        begin: |day| day.sandbox.fairing.server().always(Fault::Status(401)),
        end: |day| day.sandbox.fairing.server().clear_faults(),
    },
    Incident {
        hour: 4,
        name: "a part of a page",
        job: "sync ecs",
        expected: Expected::Failure(3),
        begin: |day| {
            let rule = Rule::on("/", Fault::Truncate(300)).mentioning("cn-beijing");
            day.sandbox.ecs.server().add(rule);
        },
        end: |day| day.sandbox.ecs.server().clear_faults(),
    },
    Incident {
        hour: 5,
        name: "a clock that jumps ahead",
        job: "sync fairing",
        begin: |day| day.clock_off = SignedDuration::from_hours(25),
        end: |day| day.clock_off = SignedDuration::ZERO,
        ..NOTHING
    },
    Incident {
        hour: 6,
        name: "a Retry-After beyond the time of the run",
        job: "sync fairing",
        expected: Expected::Failure(5),
        begin: |day| day.sandbox.fairing.server().always(Fault::throttled("5400")),
        end: |day| day.sandbox.fairing.server().clear_faults(),
    },
    Incident {
        hour: 9,
        name: "a certificate that nobody has signed",
        job: "sync fairing",
        expected: Expected::Failure(7),
        begin: |day| day.move_fairing(&serve_self_signed_only()),
        end: |day| {
            let address = day.sandbox.fairing.base_url().to_owned();
            day.move_fairing(&address);
        },
    },
    Incident {
        hour: 8,
        name: "dead letters",
        job: "sync users",
        expected: Expected::Failure(3),
        begin: |day| day.sandbox.users.refuse_user(Users::SERVICE, day.user(), 422),
        end: |day| {
            day.sandbox.users.accept_user(Users::SERVICE, day.user());
            day.operate("users events retry --all");
        },
    },
    Incident {
        hour: 9,
        name: "bad rows",
        job: "sync tasks --window today",
        expected: Expected::Failure(3),
        begin: |day| {
            day.sandbox.tasks.change(|tasks| {
                day.kept_tasks.clone_from(tasks);
                tasks.last_mut().expect("a task of today").name = 7.into();
            });
        },
        end: |day| day.sandbox.tasks.change(|tasks| tasks.clone_from(&day.kept_tasks)),
    },
    Incident {
        hour: 10,
        name: "an upstream that is down",
        job: "sync ecs",
        expected: Expected::Failure(5),
        begin: |day| day.sandbox.ecs.server().always(Fault::Status(503)),
        end: |day| day.sandbox.ecs.server().clear_faults(),
    },
    Incident {
        hour: 11,
        name: "secrets that are unset",
        job: "sync fairing",
        expected: Expected::Failure(4),
        begin: |day| {
            for account in Fairing::ACCOUNTS {
                day.sandbox.home.secret(account, "");
            }
        },
        end: |day| {
            for account in Fairing::ACCOUNTS {
                day.sandbox.home.secret(account, &day.sandbox.fairing.token(account));
            }
        },
    },
    Incident {
        hour: 12,
        name: "a section that is broken and mended",
        job: "sync ecs",
        expected: Expected::Failure(4),
        begin: |day| day.sandbox.home.set("ecs.qps", 0),
        end: |day| day.sandbox.home.set("ecs.qps", 1000),
    },
    Incident {
        hour: 13,
        name: "a target that is down",
        job: "sync users",
        expected: Expected::Failure(3),
        begin: |day| day.sandbox.users.server().add(Rule::on("/users/unified-auth", Fault::Status(503))),
        end: |day| day.sandbox.users.server().clear_faults(),
    },
    Incident {
        hour: 14,
        name: "kill -9 in the middle of a run",
        job: "sync fairing",
        expected: Expected::Death,
        begin: |day| day.killed_at = Some(day.sandbox.fairing.server().clone()),
        end: |day| day.killed_at = None,
    },
    Incident {
        hour: 17,
        name: "an upstream where nobody listens",
        job: "sync fairing",
        expected: Expected::Failure(5),
        begin: |day| day.move_fairing("http://127.0.0.1:9"),
        end: |day| {
            let address = day.sandbox.fairing.base_url().to_owned();
            day.move_fairing(&address);
        },
    },
    Incident {
        hour: 16,
        name: "a full disk",
        job: "sync ecs",
        expected: Expected::Unrecorded(12),
        begin: |day| day.limits = "trap '' XFSZ; ulimit -f 1; exec ",
        end: |day| day.limits = "",
    },
    Incident {
        hour: 17,
        name: "a lock that a live run holds",
        job: "sync tasks --window today",
        expected: Expected::Conflict,
        begin: |day| day.hold_today(),
        end: |day| {
            day.sandbox.tasks.server().clear_faults();
            day.holder.take().expect("the holder").wait().expect(0);
        },
    },
    Incident {
        hour: 18,
        name: "a receiver that is down",
        job: "sync tasks --window today",
        expected: Expected::Warning,
        begin: |day| day.sandbox.receiver.server().always(Fault::Status(503)),
        end: |day| day.sandbox.receiver.server().clear_faults(),
    },
    Incident {
        hour: 19,
        name: "a database that another program keeps locked",
        job: "sync fairing",
        expected: Expected::Unrecorded(12),
        begin: |day| day.lock_database(),
        end: |day| day.unlock_database(),
    },
    Incident {
        hour: 20,
        name: "a configuration that cannot be read, and mended",
        job: "sync ecs",
        expected: Expected::MailOnly(4),
        begin: |day| fs::write(day.sandbox.home.config(), "fairing = [").expect("a file can be written"),
        // Written anew as a whole.
        end: |day| day.sandbox.home.set("time_zone", "Asia/Shanghai"),
    },
    Incident {
        hour: 21,
        name: "an upstream and a receiver that are down",
        job: "sync tasks --window historical",
        expected: Expected::Uncalled(5),
        begin: |day| {
            day.sandbox.tasks.server().always(Fault::Status(503));
            day.sandbox.receiver.server().add(Rule::on(RECEIVER, Fault::Status(503)));
        },
        end: |day| {
            day.sandbox.tasks.server().clear_faults();
            day.sandbox.receiver.server().clear_faults();
        },
    },
    Incident {
        hour: 22,
        name: "kill -9 while events are delivered",
        job: "sync users",
        expected: Expected::Death,
        begin: |day| day.killed_at = Some(day.sandbox.users.server().clone()),
        end: |day| day.killed_at = None,
    },
    Incident {
        hour: 23,
        name: "a clock that is set back",
        job: "sync fairing",
        begin: |day| day.clock_off = SignedDuration::from_hours(-25),
        end: |day| day.clock_off = SignedDuration::ZERO,
        ..NOTHING
    },
];

/// The address of a server with a certificate that no client trusts.
fn serve_self_signed_only() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("https://{}", listener.local_addr().expect("its address"));
    std::thread::spawn(move || {
        loop {
            serve_self_signed(&listener);
        }
    });
    url
}

impl Incident {
    /// Those of the hour, each for another job.
    pub fn of(hour: u32) -> Vec<&'static Self> {
        INCIDENTS.iter().filter(|incident| incident.hour == hour).collect()
    }
}
