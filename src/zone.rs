//! Time zones, each read from its own file: the library would list every zone of the system first, which takes as long as
//! the rest of a start.

use std::fs;
use std::path::{Component, Path};

use jiff::tz::TimeZone;

/// What names the system's zone, as a link to its file.
const LOCAL: &str = "/etc/localtime";

const FOLDER: &str = "/usr/share/zoneinfo";

/// The system's zone.
#[expect(clippy::disallowed_methods, reason = "the variable that the library itself obeys")]
pub fn system() -> TimeZone {
    let linked = || {
        let link = fs::canonicalize(LOCAL).ok()?;
        read(link.strip_prefix(FOLDER).ok()?)
    };
    // What the variable may say, the library knows.
    let linked = if std::env::var_os("TZ").is_none() { linked() } else { None };
    linked.unwrap_or_else(TimeZone::system)
}

/// The zone of that IANA name; `None` where neither the system nor the library knows it.
pub fn find(name: &str) -> Option<TimeZone> {
    read(Path::new(name)).or_else(|| TimeZone::get(name).ok())
}

/// The zone of that file below the folder, which is also its name.
fn read(name: &Path) -> Option<TimeZone> {
    let is_inside = name.components().all(|part| matches!(part, Component::Normal(_)));
    let bytes = fs::read(Path::new(FOLDER).join(name)).ok().filter(|_| is_inside)?;
    TimeZone::tzif(name.to_str()?, &bytes).ok()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    use super::{find, system};

    #[test]
    fn zone_of_a_file_is_the_one_that_the_library_finds() {
        let at: Timestamp = "2026-07-02T03:04:05Z".parse().unwrap();
        for name in ["Asia/Shanghai", "Europe/Berlin", "america/new_york", "UTC", "Etc/GMT-8"] {
            let (found, known) = (find(name).unwrap(), TimeZone::get(name).unwrap());
            assert_eq!(found.to_offset(at), known.to_offset(at), "{name}");
            assert_eq!(found.iana_name().map(str::to_lowercase), known.iana_name().map(str::to_lowercase), "{name}");
        }
        for name in ["", ".", "../../../etc/localtime", "/etc/localtime", "Nowhere", "tzdata.zi", "中国"] {
            assert!(find(name).is_none(), "{name}");
        }
        assert_eq!(system().to_offset(at), TimeZone::system().to_offset(at));
    }
}
