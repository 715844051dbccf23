//! A throw-away home and every upstream, faked on loopback: what the tests and the `sandbox` example run against.
//!
//! # Adding an upstream
//!
//! One file with the shape of `fairing.rs`: a type with `NAME`, `start(&mut Ground) -> Self`, `door()` (its log and
//! its faults), `section()` (its part of the configuration) and whatever changes its data; then one field here.

pub mod door;
pub mod douban;
pub mod ecs;
pub mod fairing;
pub mod fault;
pub mod home;
pub mod random;
pub mod receiver;
pub mod tasks;
pub mod users;
mod wire;

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

pub use self::door::{Door, Rule};
pub use self::douban::Douban;
pub use self::ecs::Ecs;
pub use self::fairing::Fairing;
pub use self::fault::Fault;
pub use self::home::Home;
pub use self::receiver::Receiver;
pub use self::tasks::Tasks;
pub use self::users::Users;

/// What the fakes begin with.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Everything made up follows from it.
    pub seed: u64,
    /// The first upstream listens here, the others on the ports behind it; 0: wherever is free.
    pub port: u16,
    /// Responses of the first Fairing account; the second has a tenth.
    pub responses: u64,
    /// Films in Douban's lists.
    pub films: u64,
    /// Regions of the two cloud accounts together, 20 at most.
    pub regions: usize,
    /// Instances of each of these regions.
    pub instances: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { seed: 1, port: 0, responses: 150, films: 6, regions: 3, instances: 12 }
    }
}

/// The running fakes and a home with a configuration that points at them. Everything ends when it is dropped.
pub struct Sandbox {
    pub home: Home,
    pub fairing: Fairing,
    pub douban: Douban,
    pub ecs: Ecs,
    pub tasks: Tasks,
    pub users: Users,
    /// Where notifications may go; no configuration names it by itself.
    pub receiver: Receiver,
    runtime: Option<Runtime>,
}

impl Sandbox {
    pub fn start(settings: Settings) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("the sandbox's runtime starts");
        let mut home = Home::new();
        let mut ground = Ground { settings, home: &home, runtime: &runtime, opened: 0 };
        let fairing = Fairing::start(&mut ground);
        let douban = Douban::start(&mut ground);
        let ecs = Ecs::start(&mut ground);
        let tasks = Tasks::start(&mut ground);
        let users = Users::start(&mut ground);
        let receiver = Receiver::start(&mut ground);
        home.configure(Fairing::NAME, fairing.section(&home));
        home.configure(Douban::NAME, douban.section());
        home.configure(Ecs::NAME, ecs.section(&home));
        home.configure(Tasks::NAME, tasks.section(&home));
        home.configure(Users::NAME, users.section(&home));
        Self { home, fairing, douban, ecs, tasks, users, receiver, runtime: Some(runtime) }
    }

    /// Every fake's door, with its upstream's name and base URL.
    pub fn doors(&self) -> Vec<(&'static str, &str, &Door)> {
        vec![
            (Fairing::NAME, self.fairing.base_url(), self.fairing.door()),
            (Douban::NAME, self.douban.list_url(), self.douban.door()),
            (Ecs::NAME, self.ecs.base_url(), self.ecs.door()),
            (Tasks::NAME, self.tasks.base_url(), self.tasks.door()),
            (Users::NAME, self.users.base_url(), self.users.door()),
        ]
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Requests that are held would keep an orderly shutdown waiting.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What a fake stands on while it starts.
pub struct Ground<'a> {
    pub settings: Settings,
    pub home: &'a Home,
    runtime: &'a Runtime,
    opened: u16,
}

impl Ground<'_> {
    /// Serves the router on loopback behind a door; answers the door and the base URL.
    pub fn serve(&mut self, router: Router) -> (Door, String) {
        let door = Door::default();
        let base_url = self.serve_behind(&door, router);
        (door, base_url)
    }

    /// Serves a further origin of the upstream behind the same door; answers its base URL.
    pub fn serve_behind(&mut self, door: &Door, router: Router) -> String {
        let port = if self.settings.port == 0 { 0 } else { self.settings.port + self.opened };
        self.opened += 1;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = self
            .runtime
            .block_on(TcpListener::bind(address))
            .unwrap_or_else(|error| panic!("cannot listen on {address}: {error}"));
        let base_url = wire::base_url(listener.local_addr());
        self.runtime.spawn(wire::serve(listener, door.guard(router)));
        base_url
    }
}
