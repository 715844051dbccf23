//! Proxies that the environment names: what they refuse, and what is not sent through them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::ONE;
use crate::support::{Outcome, Running, Sandbox};

const PASSWORD: &str = "proxy-canary-83c1";

/// A proxy that wants a login and accepts none.
struct Proxy {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&heads);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream);
                let mut head = String::new();
                while reader.read_line(&mut head).is_ok_and(|count| count > 2) {}
                log.lock().unwrap_or_else(PoisonError::into_inner).push(head);
                let answer = "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm=\"x\"\r\n\
                              content-length: 0\r\nconnection: close\r\n\r\n";
                // A client that is gone hears nothing.
                let _ = reader.get_mut().write_all(answer.as_bytes());
            }
        });
        Self { port, heads }
    }

    fn address(&self) -> String {
        format!("http://me:{PASSWORD}@127.0.0.1:{}", self.port)
    }

    fn take_heads(&self) -> Vec<String> {
        std::mem::take(&mut *self.heads.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn run(sandbox: &Sandbox, variables: &[(&str, &str)], words: &str) -> Outcome {
    let mut command = sandbox.command();
    command.envs(variables.iter().copied()).args(words.split_whitespace());
    Running::start(command).wait()
}

#[test]
fn proxy_that_wants_a_login_is_a_matter_of_configuration() {
    let proxy = Proxy::start();
    let address = proxy.address();
    for (scheme, method, variables) in [
        ("https", "CONNECT", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"]),
        ("http", "GET", ["HTTP_PROXY", "http_proxy", "all_proxy"]),
    ] {
        for variable in variables {
            let mut sandbox = Sandbox::small();
            sandbox.home.set("fairing.base_url", format!("{scheme}://upstream.example:8443"));
            let outcome = run(&sandbox, &[(variable, &address)], &format!("{ONE} -v"));
            let said = outcome.said();
            assert_eq!(outcome.code, Some(4), "{variable}: {said}");
            for part in [variable, &format!("127.0.0.1:{}", proxy.port), "hint: "] {
                assert!(said.contains(part), "{variable}: no `{part}` in {said}");
            }
            assert!(!said.contains(PASSWORD) && !said.contains("me:"), "{variable}: {said}");
            let heads = proxy.take_heads();
            assert_eq!(heads.len(), 1, "tried again: {heads:?}");
            assert!(heads[0].starts_with(method) && heads[0].contains("upstream.example:8443"), "{heads:?}");
            let document = run(&sandbox, &[(variable, &address)], &format!("{ONE} --json")).expect(4).json();
            assert_eq!((&document["exit_name"], &document["error"]["class"]), (&"config".into(), &"config".into()));
            proxy.take_heads();
        }
    }
}

#[test]
fn exceptions_hold_for_hosts_that_are_addresses() {
    let proxy = Proxy::start();
    let address = proxy.address();
    let sandbox = Sandbox::small();
    let port = sandbox.fairing.base_url().rsplit(':').next().expect("a port").to_owned();
    let with_port = format!("127.0.0.1:{port}");
    for exceptions in ["*", "127.0.0.1", "127.0.0.0/8", "example.com, 127.0.0.1", "a.example,*", &with_port] {
        for variable in ["NO_PROXY", "no_proxy"] {
            run(&sandbox, &[("HTTP_PROXY", &address), (variable, exceptions)], ONE).expect(0);
            assert_eq!(proxy.take_heads(), [""; 0], "{variable}={exceptions}");
        }
    }
    for exceptions in ["", "10.0.0.0/8", "127.0.0.2", "example.com", "127.0.0.1:1"] {
        run(&sandbox, &[("HTTP_PROXY", &address), ("NO_PROXY", exceptions)], ONE).expect(4);
        assert_eq!(proxy.take_heads().len(), 1, "NO_PROXY={exceptions}");
    }
}

#[test]
fn exceptions_hold_for_hosts_with_names() {
    let proxy = Proxy::start();
    let address = proxy.address();
    let mut sandbox = Sandbox::small();
    let port = sandbox.fairing.base_url().rsplit(':').next().expect("a port").to_owned();
    sandbox.home.set("fairing.base_url", format!("http://localhost:{port}"));
    for exceptions in ["localhost", "LOCALHOST", ".localhost", &format!("localhost:{port}")] {
        let outcome = run(&sandbox, &[("HTTP_PROXY", &address), ("NO_PROXY", exceptions)], ONE);
        assert_eq!((outcome.code, proxy.take_heads().len()), (Some(0), 0), "{exceptions}: {}", outcome.said());
    }
}
