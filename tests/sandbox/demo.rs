//! The demonstration: real passes of the real program against the fakes, and a comparison with what it should do.

mod next;
mod show;

use std::io;
use std::process::ExitCode;

use tongbu::exit::Exit;

use self::show::{Show, say};
use crate::kept;
use crate::sandbox::{Fault, Rule, Sandbox, Settings};

/// The account whose key is refused for a while.
const ACCOUNT: &str = "shop-us";

/// Succeeds if every step ends as expected and the database holds what the fakes hold.
pub fn run(settings: Settings) -> ExitCode {
    let sandbox = Sandbox::start(settings);
    let result = kept::equip(&sandbox).and_then(|()| {
        let mut show = Show::new(sandbox);
        play(&mut show)?;
        show.check_rows()?;
        next::suggest(&mut show.sandbox, settings)?;
        Ok(show.failures())
    });
    match result.as_deref() {
        Ok([]) => ExitCode::SUCCESS,
        Ok(failures) => {
            println!("\nThe demonstration failed:");
            for failure in failures {
                println!("  {failure}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("\nThe demonstration could not go on: {error}");
            ExitCode::FAILURE
        }
    }
}

fn play(show: &mut Show) -> io::Result<()> {
    show.introduce();

    show.heading("Survey responses (fairing)");
    show.step("The first pass stores every question and response of two accounts.", "sync fairing", Exit::Ok)?;
    show.step("The second pass reads them again and finds nothing to write.", "sync fairing", Exit::Ok)?;

    show.heading("New films (douban)");
    show.step("The newest films, with the details of their pages.", "sync douban", Exit::Ok)?;
    show.step("What is stored of them.", "douban list", Exit::Ok)?;
    show.step("A second source of films, in the same table.", "sync tmdb", Exit::Ok)?;
    show.step("Pairs of both that may be one film.", "films suggestions", Exit::Ok)?;

    show.heading("Call-centre tasks (tasks)");
    show.step("Lead packages come from a CSV file.", "packages import packages.csv", Exit::Ok)?;
    show.step(
        "Each task of the last days is matched to the package that its name begins with.",
        "sync tasks --window historical",
        Exit::Ok,
    )?;
    show.step("These have their package; the others wait for one.", "tasks list --match matched", Exit::Ok)?;

    show.heading("Cloud servers (ecs)");
    show.step("All instances of two cloud accounts, region by region.", "sync ecs", Exit::Ok)?;
    show.step("What is stored of one region.", "ecs list --region cn-beijing", Exit::Ok)?;

    show.heading("User events (users)");
    show.step(
        "An event is stored first, so that no target misses it.",
        "users emit user.created --user-id 7 --username li --email li@shop.cn",
        Exit::Ok,
    )?;
    show.step("The pass delivers it to every target and compares what they hold.", "sync users", Exit::Ok)?;
    show.step("Each target has confirmed it.", "users events list", Exit::Ok)?;

    show.heading("A failure");
    show.sandbox
        .fairing
        .server()
        .add(Rule::on("/", Fault::Status(401)).for_token(&show.sandbox.fairing.token(ACCOUNT)));
    show.step(
        &format!("The upstream now refuses the key of {ACCOUNT}; the other account is synced."),
        "sync fairing",
        Exit::Partial,
    )?;
    say("What to do: follow the hint. Here, the upstream simply accepts the key again.");
    show.sandbox.fairing.server().clear_faults();
    show.step("The next run makes up for what was missed.", "sync fairing", Exit::Ok)?;

    show.heading("The lock");
    show.check_lock("sync douban")?;

    show.heading("What happened so far");
    show.step("Every run has left a record, the failed ones too.", "records list", Exit::Ok)?;
    show.step("One line for each sync, for a glance.", "status", Exit::Ok)
}
