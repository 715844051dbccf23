//! Waits for a future on any thread, also on one of an async runtime: what wakes it is on the driver's own thread.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The value of the future.
pub(super) fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        std::thread::park();
    }
}

/// The same; `None` where it does not come in time.
pub(super) fn wait_for<F: Future>(future: F, timeout: Duration) -> Option<F::Output> {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let began = Instant::now();
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return Some(value);
        }
        let left = timeout.checked_sub(began.elapsed())?;
        std::thread::park_timeout(left);
    }
}

/// Sends a request whose answer nobody needs: those of the next requests say how it went.
pub(super) fn send<F: Future>(request: F) {
    let mut request = pin!(request);
    let _ = request.as_mut().poll(&mut Context::from_waker(Waker::noop()));
}
