//! tongbu with one more upstream: its folder, its `mod` line and its line in the registry are all it needs.

mod upstream;

use tongbu::upstreams::{Registration, register};

fn main() -> std::process::ExitCode {
    register(const { &[Registration::of::<upstream::Machines>()] });
    tongbu::cli::run(std::env::args_os())
}
