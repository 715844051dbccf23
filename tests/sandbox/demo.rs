//! The demonstration: real passes of the real program against the fakes, and a comparison with what it should do.

mod next;
mod show;

use std::io;
use std::process::ExitCode;

use tongbu::exit::Exit;
use tongbu::language::Language;
use tongbu::present::{Text, text};

use self::show::Show;
use crate::kept;
use crate::sandbox::{Fault, Rule, Sandbox, Settings};

/// The account whose key is refused for a while.
const ACCOUNT: &str = "shop-us";

const FAILED: Text = text("The demonstration failed:", "演示失败：");
const STOPPED: Text = text("The demonstration could not go on: {}", "演示无法继续：{}");

/// Succeeds if every step ends as expected and the database holds what the fakes hold.
pub fn run(settings: Settings, language: Language) -> ExitCode {
    let mut sandbox = Sandbox::start(settings);
    if language == Language::Zh {
        sandbox.home.set("lang", "zh");
    }
    let result = kept::equip(&sandbox).and_then(|()| {
        let mut show = Show::new(sandbox, language);
        play(&mut show)?;
        show.check_rows()?;
        next::suggest(&mut show.sandbox, settings, language)?;
        Ok(show.failures())
    });
    match result.as_deref() {
        Ok([]) => ExitCode::SUCCESS,
        Ok(failures) => {
            println!("\n{}", FAILED.label(language));
            for failure in failures {
                println!("  {failure}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("\n{}", STOPPED.fill(language, &[error]));
            ExitCode::FAILURE
        }
    }
}

fn play(show: &mut Show) -> io::Result<()> {
    show.introduce();
    play_syncs(show)?;
    play_failure(show)?;

    show.heading(text("The lock", "锁"));
    show.check_lock("sync douban")?;

    show.heading(text("What happened so far", "至此发生的一切"));
    show.step(
        text("Every run has left a record, the failed ones too.", "每次运行都留下一条记录，失败的也不例外。"),
        "records list",
        Exit::Ok,
    )?;
    show.step(text("One line for each sync, for a glance.", "每个同步一行，一目了然。"), "status", Exit::Ok)
}

fn play_syncs(show: &mut Show) -> io::Result<()> {
    show.heading(text("Survey responses (fairing)", "问卷回复（fairing）"));
    show.step(
        text(
            "The first pass stores every question and response of two accounts.",
            "第一次同步存储两个账号的全部问题和回复。",
        ),
        "sync fairing",
        Exit::Ok,
    )?;
    show.step(
        text("The second pass reads them again and finds nothing to write.", "第二次同步重新读取，没有可写入的内容。"),
        "sync fairing",
        Exit::Ok,
    )?;

    show.heading(text("New films (douban)", "新片（douban）"));
    show.step(
        text("The newest films, with the details of their pages.", "最新的影片，以及影片页面上的详情。"),
        "sync douban",
        Exit::Ok,
    )?;
    show.step(text("What is stored of them.", "已存储的影片。"), "douban list", Exit::Ok)?;
    show.step(
        text("A second source of films, in the same table.", "影片的第二个来源，存入同一张表。"),
        "sync tmdb",
        Exit::Ok,
    )?;
    show.step(
        text("Pairs of both that may be one film.", "两个来源中可能是同一部影片的条目。"),
        "films suggestions",
        Exit::Ok,
    )?;

    show.heading(text("Call-centre tasks (tasks)", "呼叫任务（tasks）"));
    show.step(
        text("Lead packages come from a CSV file.", "数据包来自一个 CSV 文件。"),
        "packages import packages.csv",
        Exit::Ok,
    )?;
    show.step(
        text(
            "Each task of the last days is matched to the package that its name begins with.",
            "近日的每个任务，与其名称开头所示的数据包匹配。",
        ),
        "sync tasks --window historical",
        Exit::Ok,
    )?;
    show.step(
        text("These have their package; the others wait for one.", "这些任务已有数据包；其余的在等待。"),
        "tasks list --match matched",
        Exit::Ok,
    )?;

    show.heading(text("Cloud servers (ecs)", "云服务器（ecs）"));
    show.step(
        text("All instances of two cloud accounts, region by region.", "两个云账号的全部实例，逐个地域读取。"),
        "sync ecs",
        Exit::Ok,
    )?;
    show.step(
        text("What is stored of one region.", "其中一个地域已存储的内容。"),
        "ecs list --region cn-beijing",
        Exit::Ok,
    )?;

    show.heading(text("User events (users)", "用户事件（users）"));
    show.step(
        text("An event is stored first, so that no target misses it.", "事件先存储，任何目标都不会漏掉它。"),
        "users emit user.created --user-id 7 --username li --email li@shop.cn",
        Exit::Ok,
    )?;
    show.step(
        text(
            "The pass delivers it to every target and compares what they hold.",
            "同步把它投递到每个目标，并比较各目标的数据。",
        ),
        "sync users",
        Exit::Ok,
    )?;
    show.step(text("Each target has confirmed it.", "每个目标都已确认。"), "users events list", Exit::Ok)
}

fn play_failure(show: &mut Show) -> io::Result<()> {
    show.heading(text("A failure", "一次失败"));
    show.sandbox
        .fairing
        .server()
        .add(Rule::on("/", Fault::Status(401)).for_token(&show.sandbox.fairing.token(ACCOUNT)));
    show.step(
        text(
            "The upstream now refuses the key of one account; the other account is synced.",
            "上游此时拒绝一个账号的密钥；另一个账号照常同步。",
        ),
        "sync fairing",
        Exit::Partial,
    )?;
    show.say(text(
        "What to do: follow the hint. Here, the upstream simply accepts the key again.",
        "处理办法：按提示操作。在演示中，上游直接重新接受该密钥。",
    ));
    show.sandbox.fairing.server().clear_faults();
    show.step(
        text("The next run makes up for what was missed.", "下一次运行补上漏掉的内容。"),
        "sync fairing",
        Exit::Ok,
    )
}
