//! A throw-away home and every upstream, faked on loopback: what the tests and the program `sandbox` run against.
//!
//! # Adding an upstream
//!
//! One file with the shape of `fairing.rs`: a type with `NAME`, `start(&mut SandboxBuilder) -> Self`, `server()` (its log
//! and its faults), `section()` (its part of the configuration) and whatever changes its data; then one field here.

pub mod builder;
pub mod clock;
mod connection;
pub mod douban;
pub mod ecs;
#[path = "../example/fake.rs"]
pub mod example;
pub mod fairing;
pub mod fault;
pub mod home;
pub mod random;
pub mod receiver;
pub mod server;
pub mod settings;
pub mod tasks;
pub mod tmdb;
pub mod users;

use std::path::Path;

use tokio::runtime::Runtime;

use self::builder::SandboxBuilder;
pub use self::clock::Clock;
pub use self::douban::Douban;
pub use self::ecs::Ecs;
pub use self::fairing::Fairing;
pub use self::fault::Fault;
pub use self::home::Home;
pub use self::receiver::Receiver;
pub use self::server::{FakeServer, Rule};
pub use self::settings::Settings;
pub use self::tasks::Tasks;
pub use self::tmdb::Tmdb;
pub use self::users::Users;

/// The running fakes and a home with a configuration that points at them. Everything ends when it is dropped.
pub struct Sandbox {
    pub home: Home,
    pub fairing: Fairing,
    pub douban: Douban,
    pub ecs: Ecs,
    pub tasks: Tasks,
    pub users: Users,
    pub tmdb: Tmdb,
    /// The example's upstream, where it is tried out; no other program than its own knows it.
    pub example: Option<example::Machines>,
    /// Where notifications may go; no configuration names it by itself.
    pub receiver: Receiver,
    ports: Vec<u16>,
    runtime: Option<Runtime>,
}

impl Sandbox {
    /// Starts in a new home.
    pub fn start(settings: Settings) -> Self {
        let mut sandbox = Self::start_in(Home::new(), settings, &[]);
        let Self { home, fairing, douban, ecs, tasks, users, tmdb, .. } = &mut sandbox;
        home.configure(Fairing::NAME, fairing.section(home));
        home.configure(Douban::NAME, douban.section());
        home.configure(Ecs::NAME, ecs.section(home));
        home.configure(Tasks::NAME, tasks.section(home));
        home.configure(Users::NAME, users.section(home));
        home.configure(Tmdb::NAME, tmdb.section(home));
        sandbox
    }

    /// Starts again for a home that an earlier one left. Its configuration stays as it is and names these ports.
    pub fn restart(home: &Path, settings: Settings, ports: &[u16]) -> Self {
        Self::start_in(Home::open(home), settings, ports)
    }

    fn start_in(home: Home, settings: Settings, ports: &[u16]) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("the sandbox's runtime starts");
        let mut builder = SandboxBuilder::new(settings, &home, &runtime, ports);
        let fairing = Fairing::start(&mut builder);
        let douban = Douban::start(&mut builder);
        let ecs = Ecs::start(&mut builder);
        let tasks = Tasks::start(&mut builder);
        let users = Users::start(&mut builder);
        let receiver = Receiver::start(&mut builder);
        let tmdb = Tmdb::start(&mut builder);
        let ports = builder.into_ports();
        Self { home, fairing, douban, ecs, tasks, users, tmdb, example: None, receiver, ports, runtime: Some(runtime) }
    }

    /// Starts the example's fake, too; the program that the tests run becomes the example's.
    pub fn with_example(mut self) -> Self {
        let runtime = self.runtime.as_ref().expect("the runtime runs until the sandbox is dropped");
        let example = example::Machines::start(&mut SandboxBuilder::new(Settings::default(), &self.home, runtime, &[]));
        let section = example.section(&self.home);
        self.home.configure("machines", section);
        self.example = Some(example);
        self
    }

    /// The ports of all fakes, for [`restart`](Self::restart).
    pub fn ports(&self) -> &[u16] {
        &self.ports
    }

    /// Every upstream's name, base URL and server.
    pub fn servers(&self) -> Vec<(&'static str, &str, &FakeServer)> {
        vec![
            (Fairing::NAME, self.fairing.base_url(), self.fairing.server()),
            (Douban::NAME, self.douban.list_url(), self.douban.server()),
            (Ecs::NAME, self.ecs.base_url(), self.ecs.server()),
            (Tasks::NAME, self.tasks.base_url(), self.tasks.server()),
            (Users::NAME, self.users.base_url(), self.users.server()),
            (Tmdb::NAME, self.tmdb.base_url(), self.tmdb.server()),
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
