//! Where rows go: stdout, or a file that appears whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::{Path, PathBuf};

use crate::cli::error::Error;
use crate::store;
use crate::ui::Ui;

/// The rows may be personal data, like the database that they are from.
const MODE: u32 = 0o600;

/// Why no more is written.
pub enum Halt {
    Failed(Error),
    /// Nobody reads any more.
    Closed,
    /// A signal came.
    Cancelled,
}

impl From<store::Error> for Halt {
    fn from(error: store::Error) -> Self {
        Self::Failed(error.into())
    }
}

pub enum Sink<'a> {
    Stdout(&'a Ui),
    File(OpenFile),
}

/// A file, and how many bytes went there.
pub struct OpenFile {
    file: File,
    target: PathBuf,
    draft: Option<Draft>,
    bytes: u64,
}

/// The file until it has its name; removed unless it got it.
struct Draft(PathBuf);

impl<'a> Sink<'a> {
    pub fn open(path: Option<&Path>, database: Option<&Path>, ui: &'a Ui) -> Result<Self, Error> {
        let Some(path) = path.filter(|path| *path != Path::new("-")) else { return Ok(Self::Stdout(ui)) };
        // A link keeps pointing where it does.
        let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let found = fs::metadata(&target).ok();
        if found.as_ref().is_some_and(fs::Metadata::is_dir) {
            return Err(Error::Usage {
                message: format!("`{}` is a directory", path.display()),
                hint: "give the path of a file".to_owned(),
            });
        }
        if found.as_ref().zip(database).is_some_and(|(found, database)| is_of_database(found, database)) {
            return Err(Error::Usage {
                message: format!("`{}` is the database itself", path.display()),
                hint: "give the path of another file".to_owned(),
            });
        }
        let opened = match found {
            // A device or a pipe cannot be replaced by a file.
            Some(found) if !found.is_file() => OpenOptions::new().write(true).open(&target).map(|file| (file, None)),
            found => Draft::beside(&target, found.as_ref()).map(|(file, draft)| (file, Some(draft))),
        };
        let (file, draft) = opened.map_err(|source| Error::Write { path: target.clone(), source })?;
        Ok(Self::File(OpenFile { file, target, draft, bytes: 0 }))
    }

    /// Whether it is a file that has its name only at the end.
    pub const fn is_draft(&self) -> bool {
        matches!(self, Self::File(OpenFile { draft: Some(_), .. }))
    }

    pub fn write(&mut self, lines: &[u8]) -> Result<(), Halt> {
        match self {
            // What could not be written for another reason is said already.
            Self::Stdout(ui) => {
                if ui.data(lines) {
                    Ok(())
                } else {
                    Err(Halt::Closed)
                }
            }
            Self::File(open) => {
                open.bytes += lines.len() as u64;
                open.file.write_all(lines).map_err(|source| {
                    if source.kind() == io::ErrorKind::BrokenPipe {
                        return Halt::Closed;
                    }
                    Halt::Failed(Error::Write { path: open.target.clone(), source })
                })
            }
        }
    }

    /// Gives the file its name once all of it is on the disk; its path and its size.
    pub fn finish(self) -> Result<Option<(PathBuf, u64)>, Error> {
        let Self::File(OpenFile { file, target, draft, bytes }) = self else { return Ok(None) };
        if let Some(draft) = draft {
            let published = file.sync_all().and_then(|()| draft.publish(&target));
            published.map_err(|source| Error::Write { path: target.clone(), source })?;
        }
        Ok(Some((target, bytes)))
    }
}

impl Draft {
    /// A new file in the same folder, with the rights and the owner of the one that it is to replace.
    fn beside(target: &Path, replaced: Option<&fs::Metadata>) -> io::Result<(File, Self)> {
        let mut name = OsString::from(".");
        name.push(target.file_name().unwrap_or_default());
        name.push(format!(".{:08x}.{}.partial", fastrand::u32(..), std::process::id()));
        let path = target.with_file_name(name);
        let file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&path)?;
        let draft = Self(path);
        if let Some(replaced) = replaced {
            // Only root can give it to somebody else.
            let _ = fchown(&file, Some(replaced.uid()), Some(replaced.gid()));
            file.set_permissions(replaced.permissions())?;
        }
        Ok((file, draft))
    }

    fn publish(mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.0, target)?;
        self.0 = PathBuf::new();
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // The name survives a power loss, too.
        File::open(folder)?.sync_all()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.0.as_os_str().is_empty() {
            let _ = fs::remove_file(&self.0);
        }
    }
}

/// Whether it is the database or one of the files that belong to it.
fn is_of_database(found: &fs::Metadata, database: &Path) -> bool {
    ["", "-wal", "-shm"].iter().any(|end| {
        let mut path = database.canonicalize().unwrap_or_else(|_| database.to_owned()).into_os_string();
        path.push(end);
        fs::metadata(path).is_ok_and(|known| (known.dev(), known.ino()) == (found.dev(), found.ino()))
    })
}
