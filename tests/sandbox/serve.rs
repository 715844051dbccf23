//! `sandbox serve`: the fakes until Ctrl-C, in a new home or in one that was kept.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use crate::kept;
use crate::made::Made;
use crate::sandbox::users::FaultShares;
use crate::sandbox::{Clock, Sandbox, Users};

#[derive(clap::Args)]
pub struct Serve {
    /// Serve the home of an earlier `serve` or `demo` again: the same data on the same ports
    #[arg(long, value_name = "DIRECTORY", conflicts_with = "Made")]
    home: Option<PathBuf>,
    /// Delay every answer by so much
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency_ms: u64,
    #[command(flatten)]
    made: Made,
    #[command(flatten)]
    users: DeliveryFaults,
}

/// What goes wrong with deliveries of user events; which ones follows from the seed.
#[derive(clap::Args)]
struct DeliveryFaults {
    /// Answer this share of the deliveries with 503
    #[arg(long = "users-fail", value_name = "PERCENT", default_value_t = 0)]
    fail: u64,
    /// Process this share of the others and do not answer them
    #[arg(long = "users-lose", value_name = "PERCENT", default_value_t = 0)]
    lose: u64,
    /// Delay every answer by so much
    #[arg(long = "users-delay", value_name = "MILLISECONDS", default_value_t = 0)]
    delay: u64,
    /// Answer this user's events with 422 at every target; may be given several times
    #[arg(long = "users-refuse", value_name = "USER_ID")]
    refuse: Vec<i64>,
}

/// Ends only where the fakes cannot start.
pub fn run(arguments: &Serve) -> ExitCode {
    let sandbox = match start(arguments) {
        Ok(sandbox) => sandbox,
        Err(error) => {
            let home = arguments.home.as_ref().map(|home| format!(" for {}", home.display())).unwrap_or_default();
            println!("cannot start the fakes{home}: {error}");
            return ExitCode::FAILURE;
        }
    };
    arguments.users.inject(&sandbox.users);
    for (name, base_url, server) in sandbox.servers() {
        if arguments.latency_ms > 0 {
            server.set_latency(Duration::from_millis(arguments.latency_ms));
        }
        println!("# {name}: {base_url}");
        // Nobody reads it here, and it would grow for as long as the program runs.
        server.keep_no_log();
    }
    println!("# what the users' targets got: {}/users/ledger", sandbox.users.base_url());
    println!("# tongbu: {}", kept::tongbu(&sandbox).display());
    println!("# {}", sandbox.home.config().display());
    println!("{}", sandbox.home.config_text());
    println!("# ends with Ctrl-C");
    loop {
        std::thread::park();
    }
}

fn start(arguments: &Serve) -> io::Result<Sandbox> {
    if let Some(home) = &arguments.home {
        return kept::restart(&home.canonicalize()?);
    }
    let settings = arguments.made.settings(Clock::machine());
    let sandbox = Sandbox::start(settings);
    kept::equip(&sandbox)?;
    kept::save(&sandbox, settings)?;
    Ok(sandbox)
}

impl DeliveryFaults {
    fn inject(&self, users: &Users) {
        let latency = Duration::from_millis(self.delay);
        users.inject_faults(FaultShares { failed: self.fail, lost: self.lose, latency });
        for user_id in &self.refuse {
            for target in [Users::AUTH, Users::SERVICE, Users::DOWN] {
                users.refuse_user(target, *user_id, 422);
            }
        }
    }
}
