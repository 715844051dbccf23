//! Which process holds a lock or makes a run, and whether it still lives.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::LazyLock;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use crate::clock::boot_id;
use crate::ident::random_hex;

/// This machine's name, for people.
pub static HOST: LazyLock<String> = LazyLock::new(|| rustix::system::uname().nodename().to_string_lossy().into_owned());

/// This process, unlike any other one at any time on any machine.
pub(super) static INSTANCE: LazyLock<String> = LazyLock::new(random_hex);

/// This process as others identify it: its boot, its namespace of process ids, and when it started, in ticks of that
/// boot. `None` without `/proc`.
pub(super) static OWN: LazyLock<Option<String>> = LazyLock::new(|| {
    let (_, start) = load_stat(i64::from(std::process::id()))?;
    Some(format!("{} {} {start}", boot_id(), load_namespace()?))
});

/// Whether it is certain that the process with that id there, of that identity, has ended. Process ids are used again, and
/// those of another container mean nothing here.
pub(super) fn is_dead(host: &str, pid: i64, identity: Option<&str>) -> bool {
    let Some((here, _)) = OWN.as_deref().filter(|_| host == *HOST).and_then(|own| own.rsplit_once(' ')) else {
        return false;
    };
    let known = identity.and_then(|identity| identity.rsplit_once(' '));
    if let Some((there, _)) = known
        && there != here
    {
        // Before this boot; or in another namespace.
        return there.split(' ').next() != here.split(' ').next();
    }
    match (load_stat(pid), known) {
        // A zombie has ended, and waits for its parent.
        (Some(('Z' | 'X', _)), _) => true,
        (Some((_, found)), Some((_, start))) => found != start,
        (Some(_), None) => false,
        // `/proc` may hide the processes of others.
        (None, _) => is_gone(pid),
    }
}

/// Whether there is no process of that id in this namespace.
pub(super) fn is_gone(pid: i64) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| test_kill_process(pid) == Err(Errno::SRCH))
}

/// The other processes that have the file open, as far as this user can see them.
pub(super) fn users_of(real: &Path) -> Vec<i64> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|pid| *pid != i64::from(std::process::id()))
        .filter(|pid| {
            let files = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
            files.filter_map(|file| std::fs::read_link(file.path()).ok()).any(|open| open == real)
        })
        .collect()
}

/// The state and the start time: `pid (command) state … starttime …`, the 3rd and the 22nd field of proc(5).
fn load_stat(pid: i64) -> Option<(char, String)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    Some((fields.first()?.chars().next()?, (*fields.get(19)?).to_owned()))
}

fn load_namespace() -> Option<u64> {
    Path::new("/proc/self/ns/pid").metadata().ok().map(|metadata| metadata.ino())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{HOST, OWN, is_dead};

    fn own() -> Vec<&'static str> {
        OWN.as_deref().unwrap().split(' ').collect()
    }

    #[track_caller]
    fn check(pid: u32, identity: Option<&str>, expected: bool) {
        assert_eq!(is_dead(&HOST, i64::from(pid), identity), expected, "{identity:?}");
    }

    #[test]
    fn a_process_id_that_is_used_again_belongs_to_another_process() {
        let [boot, space, _] = own()[..] else { panic!("three parts") };
        let me = std::process::id();
        check(me, OWN.as_deref(), false);
        check(me, None, false);
        check(me, Some(&format!("{boot} {space} 1")), true);
        check(me, Some(&format!("another-boot {space} 1")), true);
        check(me, Some(&format!("{boot} 7 1")), false);
        assert!(!is_dead("elsewhere", i64::from(me), Some(&format!("{boot} {space} 1"))));
    }

    #[test]
    fn a_process_that_has_ended_is_dead_also_before_its_parent_knows() {
        let mut child = Command::new("true").spawn().unwrap();
        while !is_dead(&HOST, i64::from(child.id()), None) {
            std::thread::yield_now();
        }
        child.wait().unwrap();
        check(child.id(), None, true);
        check(child.id(), OWN.as_deref(), true);
    }
}
