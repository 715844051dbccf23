//! The end of the demonstration: commands to try, and how to have the fakes for them.

use std::env;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;

use tongbu::language::Language;
use tongbu::present::{Text, text};

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

const RUNNING: Text = text(
    "The fakes run until you press Enter here. Try more in another terminal:",
    "模拟的上游会一直运行，直到在此按回车键。可在另一个终端继续尝试：",
);
const ENTER_REMOVES: Text = text(
    "Enter removes all of it. To start the fakes again later, in a new home:",
    "回车键会删除全部内容。以后要在新的目录中重新启动模拟的上游：",
);
const PRESS_ENTER: Text = text("Press Enter to end. ", "按回车键结束。");
const KEPT: Text = text(
    "The fakes end now. Configuration and database are kept in {}.",
    "模拟的上游现在结束。配置和数据库保留在 {} 中。",
);
const START_AGAIN: Text = text(
    "Start the fakes again, with the same data on the same ports, until Ctrl-C:",
    "重新启动模拟的上游（同样的数据、同样的端口），按 Ctrl-C 结束：",
);
const TRY_MORE: Text = text("Then try more in another terminal:", "然后在另一个终端继续尝试：");
const REMOVE: Text = text("Remove it all in the end:", "最后全部删除：");

/// The fakes go on until Enter where a person is at the terminal. Otherwise they end now and the home is kept.
pub fn suggest(sandbox: &mut Sandbox, settings: Settings, language: Language) -> io::Result<()> {
    let program = quoted(&env::current_exe()?);
    let say = |text: Text| println!("\n{}\n", text.label(language));
    if io::stdin().is_terminal() {
        say(RUNNING);
        print_commands(sandbox);
        say(ENTER_REMOVES);
        println!("  {program} serve");
        print!("\n{}", PRESS_ENTER.label(language));
        io::stdout().flush()?;
        io::stdin().lock().read_line(&mut String::new())?;
        return Ok(());
    }
    kept::save(sandbox, settings)?;
    sandbox.home.keep();
    let home = quoted(sandbox.home.path());
    println!("\n{}", KEPT.fill(language, &[&home]));
    println!("{}\n", START_AGAIN.label(language));
    println!("  {program} serve --home {home}");
    say(TRY_MORE);
    print_commands(sandbox);
    say(REMOVE);
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
