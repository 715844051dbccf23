//! `generate cron`: a system crontab.

use std::fmt::Write as _;

use super::schedule::{Entry, Group, Program};

/// Where cron looks for a command, as the crontab itself says.
const PATH: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];

const NAME: &str = "tongbu";

/// The whole crontab; every job runs as `user`.
pub fn render(groups: &[Group], program: &Program, user: &str) -> String {
    let mut text = head(user);
    for Group { about, is_active, entries } in groups {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n# {about}\n");
        let mark = if *is_active { "" } else { "#" };
        for Entry { times, command, .. } in entries {
            let _ = writeln!(text, "{mark}{times} {user} {}{} {command}", called(program), program.flags);
        }
    }
    let _ = write!(
        text,
        "
# A backup every day, of which the newest 14 stay: in a directory of that user, on another disk if there is one.
#19 4 * * * {user} {}{} backup /backup --keep 14 -q
",
        called(program),
        program.flags
    );
    text
}

/// The lines for a person's own crontab: only what is to run, without a user.
pub fn render_own(groups: &[Group], program: &Program) -> String {
    let mut text = String::new();
    for Group { about, entries, .. } in groups.iter().filter(|group| group.is_active) {
        let _ = writeln!(text, "# {about}");
        for Entry { times, command, .. } in entries {
            let _ = writeln!(text, "{times} {}{} {command}", program.path, program.flags);
        }
    }
    text
}

/// By its name alone where cron finds it by that.
fn called(program: &Program) -> &str {
    let is_found = PATH.iter().any(|folder| program.path == format!("{folder}/{NAME}"));
    if is_found { NAME } else { &program.path }
}

fn head(user: &str) -> String {
    format!(
        "\
# tongbu on a schedule: a system crontab. Install it as root, owned by root and writable by nobody else:
#
#     install -m 644 cron.d/tongbu /etc/cron.d/tongbu
#
# or print it for the paths you use: `tongbu generate cron --config FILE --user NAME`. That schedules what is configured;
# behind a `#` is what is not: a sync that is not configured fails each time.
#
# The jobs run as the user `{user}`, who has to exist, reads the configuration and owns the database. cron gives its
# jobs next to no environment: let secrets in the configuration be {{ file = \"…\" }}, or set their variables below;
# `tongbu doctor --cron`, run as that user, shows what is missing there.
#
# A job that succeeds says nothing, so cron sends mail on failures only. Two runs of the same sync never disturb each
# other: the later one finds the lock held and ends with code 11.

PATH={}
MAILTO=root

# The hours below are in the system's time zone. Where cron knows CRON_TZ (cronie does, Debian's cron does not) it moves
# the hours; TZ only sets the zone the jobs themselves run in.
#CRON_TZ=Asia/Shanghai
#TZ=Asia/Shanghai

# minute hour day month weekday user command
",
        PATH.join(":")
    )
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::cli::schedule::{Program, groups};
    use crate::config::Config;

    fn check(path: &str, flags: &str, expected: &str) {
        let program = Program { path: path.to_owned(), flags: flags.to_owned(), config: None, database: None };
        let text = render(&groups(&Config::defaults()), &program, "sync");
        assert!(text.lines().any(|line| line == expected), "{text}");
    }

    #[test]
    fn a_program_where_cron_looks_is_called_by_its_name() {
        check("/usr/local/bin/tongbu", "", "7 * * * * sync tongbu sync all --trigger auto -q");
        check("/opt/tongbu", " --db /x.db", "#41 3 * * * sync /opt/tongbu --db /x.db records prune -q");
    }
}
