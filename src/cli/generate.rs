//! `generate completions | man | schema`: everything that is made from the command line itself.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use clap_complete::Shell;

use super::command::command;
use super::error::Error;
use super::manual;
use super::session::Session;
use crate::exit::Exit;
use crate::ui::schema;

/// What to generate.
#[derive(Debug, Subcommand)]
pub enum GenerateArgs {
    /// A completion script for a shell
    Completions(CompletionsArgs),
    /// A manual page for every command
    Man(ManArgs),
    /// JSON Schemas of every document `--json` prints
    Schema,
}

/// Which script.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell it is for
    shell: Shell,
}

/// Where the pages go.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The directory; made where it is missing
    dir: PathBuf,
}

/// Answers one of the `generate` commands.
pub fn cmd_generate(session: &Session, args: &GenerateArgs) -> Result<Exit, Error> {
    match args {
        GenerateArgs::Completions(args) => session.ui.verbatim(&completions(args.shell)),
        GenerateArgs::Man(args) => write_pages(&args.dir)?,
        GenerateArgs::Schema => session.ui.verbatim(&schema::render_all()),
    }
    Ok(Exit::Ok)
}

/// The completion script of that shell.
pub fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "tongbu", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

fn write_pages(directory: &Path) -> Result<(), Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Write { path, source }
    };
    fs::create_dir_all(directory).map_err(failed(directory))?;
    for (name, page) in manual::pages() {
        let path = directory.join(name);
        fs::write(&path, page).map_err(failed(&path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;
    use clap_complete::Shell;

    use super::completions;
    use crate::upstreams;

    #[test]
    fn every_shell_completes_every_upstream() {
        for shell in Shell::value_variants() {
            let script = completions(*shell);
            for name in upstreams::names() {
                assert!(script.contains(name), "{shell} does not know {name}");
            }
        }
    }
}
