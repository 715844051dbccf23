//! The end of the demonstration: commands to try, and how to have the fakes for them.

use std::env;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;

use crate::kept;
use crate::sandbox::{Sandbox, Settings};

/// All of them end with exit code 0, in this order.
const COMMANDS: [&str; 14] = [
    "sync fairing --json",
    "sync fairing --dry-run",
    "sync tasks --window today",
    "tasks list --match pending",
    "sync ecs --account prod --status-only",
    "ecs changes",
    "users emit user.deleted --user-id 7",
    "sync users",
    "check users",
    "records show 1",
    "locks list",
    "status --json",
    "doctor",
    "config show",
];

/// The fakes go on until Enter where a person is at the terminal. Otherwise they end now and the home is kept.
pub fn suggest(sandbox: &mut Sandbox, settings: Settings) -> io::Result<()> {
    let program = quoted(&env::current_exe()?);
    if io::stdin().is_terminal() {
        println!("\nThe fakes run until you press Enter here. Try more in another terminal:\n");
        print_commands(sandbox);
        println!("\nEnter removes all of it. To start the fakes again later, in a new home:\n");
        println!("  {program} serve");
        print!("\nPress Enter to end. ");
        io::stdout().flush()?;
        io::stdin().lock().read_line(&mut String::new())?;
        return Ok(());
    }
    kept::save(sandbox, settings)?;
    sandbox.home.keep();
    let home = quoted(sandbox.home.path());
    println!("\nThe fakes end now. Configuration and database are kept in {home}.");
    println!("Start the fakes again, with the same data on the same ports, until Ctrl-C:\n");
    println!("  {program} serve --home {home}");
    println!("\nThen try more in another terminal:\n");
    print_commands(sandbox);
    println!("\nRemove it all in the end:\n");
    println!("  rm -r {home}");
    Ok(())
}

fn print_commands(sandbox: &Sandbox) {
    let tongbu = quoted(&kept::tongbu(sandbox));
    println!("  export TONGBU_CONFIG={}", quoted(&sandbox.home.config()));
    for words in COMMANDS {
        println!("  {tongbu} {words}");
    }
}

/// A path as a shell reads it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte)) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
