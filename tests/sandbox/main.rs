//! The sandbox as a program: fake upstreams to try tongbu on, and a demonstration that does so.
//!
//! Called by the name `tongbu` it is tongbu itself, so that the demonstration needs no second binary.

#![expect(clippy::disallowed_methods, reason = "the fakes have no other clock, and the demonstration prints")]
#![expect(clippy::expect_used, reason = "a sandbox that cannot start ends with the reason")]
#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

mod demo;
mod kept;
mod made;
#[path = "mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests use the other half of it")]
mod sandbox;
mod serve;

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::{Parser, Subcommand};
use tongbu::language::Language;

use self::made::Made;
use self::sandbox::Clock;
use self::sandbox::fairing::{Kind, Set, write_whole};
use self::sandbox::tasks::write_platform;
use self::serve::Serve;

/// Fake upstreams on loopback, with made-up data.
#[derive(Parser)]
#[command(name = "sandbox")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve every fake upstream, print where, and a configuration that points there
    Serve(Serve),
    /// Run real passes of tongbu against the fakes and show what they left
    Demo(Demo),
    /// Write all responses as one answer to a file, for a static server
    Write {
        file: PathBuf,
        /// Edit every N-th response, as if time had passed
        #[arg(long, value_name = "N")]
        edit_every: Option<usize>,
        #[command(flatten)]
        made: Made,
    },
    /// Write the call platform's answers and its packages to a folder, for a static server
    WriteTasks {
        folder: PathBuf,
        #[arg(long, default_value_t = 100_000)]
        tasks: u64,
        #[arg(long, default_value_t = 10_000)]
        packages: u64,
        /// Edit every N-th task, as if time had passed
        #[arg(long, value_name = "N")]
        edit_every: Option<u64>,
    },
}

#[derive(clap::Args)]
struct Demo {
    /// In which language
    #[arg(long, value_enum, default_value_t = Language::En)]
    lang: Language,
    #[command(flatten)]
    made: Made,
}

fn main() -> ExitCode {
    if std::env::args_os().next().is_some_and(|program| Path::new(&program).file_name() == Some("tongbu".as_ref())) {
        return tongbu::cli::run(std::env::args_os());
    }
    match Arguments::parse().command {
        Command::Serve(arguments) => return serve::run(&arguments),
        Command::Demo(Demo { lang, made }) => return demo::run(made.settings(Clock::machine()), lang),
        Command::Write { file, edit_every, made } => write(&file, edit_every, &made),
        Command::WriteTasks { folder, tasks, packages, edit_every } => {
            write_platform(&folder, tasks, packages, edit_every).expect("the folder can be written");
        }
    }
    ExitCode::SUCCESS
}

fn write(file: &PathBuf, edit_every: Option<usize>, made: &Made) {
    let started = Instant::now();
    let mut out = BufWriter::new(File::create(file).expect("the file can be made"));
    let mut set = Set::new(Kind::Responses, made.seed, made.responses, Clock::fixed());
    if let Some(step) = edit_every {
        let numbers: Vec<u64> = set.numbers().step_by(step).collect();
        set.edit(numbers);
    }
    write_whole(&Arc::new(set), &mut out).and_then(|()| out.flush()).expect("the file can be written");
    let bytes = file.metadata().expect("the file is there").len();
    println!("{bytes} bytes of {} responses in {:.2?}", made.responses, started.elapsed());
}
