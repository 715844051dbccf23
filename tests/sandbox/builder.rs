//! Starts fakes: each one a router that is served on loopback.

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use tokio::net::TcpListener;
use tokio::runtime::{Handle, Runtime};

use super::connection;
use super::home::Home;
use super::server::FakeServer;
use super::settings::Settings;

/// What a fake needs while it starts.
pub struct SandboxBuilder<'a> {
    pub settings: Settings,
    pub home: &'a Home,
    runtime: &'a Runtime,
    /// The ports to use again, in the order in which the fakes start.
    given: &'a [u16],
    /// The ports in use so far.
    opened: Vec<u16>,
}

impl<'a> SandboxBuilder<'a> {
    /// The fakes listen on the `given` ports; without any, where the settings say.
    pub const fn new(settings: Settings, home: &'a Home, runtime: &'a Runtime, given: &'a [u16]) -> Self {
        Self { settings, home, runtime, given, opened: Vec::new() }
    }

    /// Serves the router on loopback with a log and faults of a new server; returns it with its base URL.
    pub fn serve(&mut self, router: Router) -> (FakeServer, String) {
        let server = FakeServer::default();
        let base_url = self.serve_behind(&server, router);
        (server, base_url)
    }

    /// Serves a further origin of the upstream with the same log and faults; returns its base URL.
    pub fn serve_behind(&mut self, server: &FakeServer, router: Router) -> String {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.next_port()));
        let listener = self
            .runtime
            .block_on(TcpListener::bind(address))
            .unwrap_or_else(|error| panic!("cannot listen on {address}: {error}"));
        let address = listener.local_addr();
        self.opened.extend(address.as_ref().map(SocketAddr::port));
        self.runtime.spawn(connection::serve(listener, server.guard(router)));
        connection::base_url(address)
    }

    /// The runtime, for tasks that a fake starts later.
    pub fn handle(&self) -> Handle {
        self.runtime.handle().clone()
    }

    /// The ports of all fakes, in the order in which they started.
    pub fn into_ports(self) -> Vec<u16> {
        self.opened
    }

    fn next_port(&self) -> u16 {
        let index = self.opened.len();
        match (self.given.get(index), self.settings.port) {
            (Some(port), _) => *port,
            (None, 0) => 0,
            (None, first) => first + u16::try_from(index).expect("a handful of fakes"),
        }
    }
}
