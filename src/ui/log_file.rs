//! The log files: one a day, another where one grows too large; old ones are deleted.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;

/// Where the log goes, how large a file becomes and for how long it stays.
#[derive(Clone, Debug)]
pub struct LogFile {
    /// `dir/tongbu.jsonl` means `dir/tongbu.2026-01-02.jsonl`, then `dir/tongbu.2026-01-02.1.jsonl`.
    pub path: PathBuf,
    /// The age at which a file is deleted.
    pub keep: Duration,
    pub max_bytes: u64,
}

static LOST: OnceLock<String> = OnceLock::new();

/// Why lines of this process's log were not written, if so.
pub fn lost_lines() -> Option<&'static str> {
    LOST.get().map(String::as_str)
}

/// Which of the files: its day in UTC, and its number within that day.
type Part = (Date, u32);

/// The open file. Several processes may append to it: each line is written at once.
pub(super) struct LogWriter {
    settings: LogFile,
    clock: Clock,
    part: Part,
    file: File,
}

impl LogFile {
    /// Opens the file to write to, with its directory made, and deletes the files that are too old.
    pub(super) fn open(&self, clock: Clock) -> io::Result<LogWriter> {
        DirBuilder::new().recursive(true).mode(0o700).create(self.directory())?;
        for ((day, _), path) in self.parts() {
            if self.is_too_old(day, clock.now()) {
                // It is tried again by the next run.
                let _ = fs::remove_file(path);
            }
        }
        let (part, file) = self.open_part(clock.now())?;
        Ok(LogWriter { settings: self.clone(), clock, part, file })
    }

    /// Every file, the oldest first.
    pub(super) fn parts(&self) -> Vec<(Part, PathBuf)> {
        let Ok(entries) = fs::read_dir(self.directory()) else { return Vec::new() };
        let part = |entry: fs::DirEntry| Some((self.part_of(entry.file_name().to_str()?)?, entry.path()));
        let mut parts: Vec<_> = entries.flatten().filter_map(part).collect();
        parts.sort();
        parts
    }

    /// The last file of the day, or the one after it where that is full.
    fn open_part(&self, now: Timestamp) -> io::Result<(Part, File)> {
        let today = day_of(now);
        let last = self.parts().into_iter().map(|(part, _)| part).rfind(|(day, _)| *day == today);
        let part = last.unwrap_or((today, 0));
        let file = self.append_to(part)?;
        if file.metadata()?.len() < self.max_bytes {
            return Ok((part, file));
        }
        let next = (today, part.1 + 1);
        Ok((next, self.append_to(next)?))
    }

    fn append_to(&self, (day, number): Part) -> io::Result<File> {
        let (stem, extension) = self.name();
        let number = if number == 0 { String::new() } else { format!(".{number}") };
        let path = self.directory().join(format!("{stem}.{day}{number}.{extension}"));
        OpenOptions::new().append(true).create(true).mode(0o600).open(path)
    }

    fn is_too_old(&self, day: Date, now: Timestamp) -> bool {
        let end = day.tomorrow().and_then(|end| end.to_zoned(TimeZone::UTC)).map(|end| end.timestamp());
        let keep = SignedDuration::try_from(self.keep).unwrap_or(SignedDuration::MAX);
        end.is_ok_and(|end| now.duration_since(end) > keep)
    }

    fn directory(&self) -> &Path {
        self.path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
    }

    /// The name before and after the day.
    fn name(&self) -> (String, String) {
        let part = |part: Option<&std::ffi::OsStr>, default: &str| {
            part.map_or_else(|| default.to_owned(), |part| part.to_string_lossy().into_owned())
        };
        (part(self.path.file_stem(), "tongbu"), part(self.path.extension(), "jsonl"))
    }

    fn part_of(&self, file_name: &str) -> Option<Part> {
        let (stem, extension) = self.name();
        let rest = file_name.strip_prefix(&stem)?.strip_prefix('.')?;
        let rest = rest.strip_suffix(&extension)?.strip_suffix('.')?;
        let (day, number) = rest.split_once('.').unwrap_or((rest, "0"));
        Some((day.parse().ok()?, number.parse().ok()?))
    }
}

impl Write for LogWriter {
    /// Each call is one line.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let written = self.append(line);
        if let Err(error) = &written {
            // The first is enough to say.
            let _ = LOST.set(format!("lines of the log `{}` are lost: {error}", self.settings.path.display()));
        }
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl LogWriter {
    fn append(&mut self, line: &[u8]) -> io::Result<usize> {
        let now = self.clock.now();
        // Others may write to it too.
        let is_full = self.file.metadata()?.len() >= self.settings.max_bytes;
        if is_full || self.part.0 != day_of(now) {
            (self.part, self.file) = self.settings.open_part(now)?;
        }
        self.file.write(line)
    }
}

fn day_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::Duration;

    use super::LogFile;
    use crate::clock::Clock;

    const DAY: Duration = Duration::from_secs(86_400);

    fn names(file: &LogFile) -> Vec<String> {
        file.parts().iter().map(|(_, path)| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn each_day_has_its_file_and_another_where_one_is_full() {
        let directory = tempfile::tempdir().unwrap();
        let file = LogFile { path: directory.path().join("a/b/t.jsonl"), keep: 3 * DAY, max_bytes: 10 };
        let clock = Clock::manual("2026-01-02T03:04:05Z".parse().unwrap());
        let mut writer = file.open(clock.clone()).unwrap();
        for _ in 0..25 {
            writer.write_all(b"12345\n").unwrap();
        }
        assert_eq!(names(&file)[..3], ["t.2026-01-02.jsonl", "t.2026-01-02.1.jsonl", "t.2026-01-02.2.jsonl"]);
        assert_eq!(names(&file)[12], "t.2026-01-02.12.jsonl");
        // Another process goes on where the first one is.
        file.open(clock.clone()).unwrap().write_all(b"12345\n").unwrap();
        assert_eq!(names(&file).len(), 13);
        clock.advance(DAY);
        writer.write_all(b"1\n").unwrap();
        assert_eq!(names(&file)[13], "t.2026-01-03.jsonl");
        for (_, path) in file.parts() {
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
        }
    }

    #[test]
    fn a_file_is_deleted_by_its_age_and_others_stay() {
        let directory = tempfile::tempdir().unwrap();
        let file = LogFile { path: directory.path().join("t.jsonl"), keep: 3 * DAY, max_bytes: 10 };
        for name in
            ["t.2026-01-05.jsonl", "t.2026-01-06.1.jsonl", "t.2026-01-06.jsonl", "t.old.jsonl", "u.2020-01-01.jsonl"]
        {
            std::fs::write(directory.path().join(name), "").unwrap();
        }
        file.open(Clock::manual("2026-01-09T12:00:00Z".parse().unwrap())).unwrap();
        assert_eq!(names(&file), ["t.2026-01-06.jsonl", "t.2026-01-06.1.jsonl", "t.2026-01-09.jsonl"]);
        assert!(directory.path().join("t.old.jsonl").exists() && directory.path().join("u.2020-01-01.jsonl").exists());
    }
}
