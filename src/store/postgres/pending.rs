//! Requests that are on their way, whose answers are looked at later.

use std::cell::{Cell, RefCell};
use std::future::ready;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio_postgres::Error;

use super::wait::wait;

/// The most requests on their way: their answers take room in the server and here.
const MAX_COUNT: usize = 1_000;

type Request = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// Requests in the order in which they were sent, which is that of their answers.
#[derive(Default)]
pub(super) struct Pending {
    requests: RefCell<Vec<Request>>,
    /// The first of them begins a transaction.
    is_beginning: Cell<bool>,
}

impl Pending {
    /// Sends a request; whether there are enough now that their answers have to be waited for.
    pub(super) fn send(&self, request: impl Future<Output = Result<(), Error>> + Send + 'static) -> bool {
        let mut request: Request = Box::pin(request);
        // It is sent when it is first looked at.
        if let Poll::Ready(answer) = request.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            request = Box::pin(ready(answer));
        }
        let mut requests = self.requests.borrow_mut();
        requests.push(request);
        requests.len() >= MAX_COUNT
    }

    /// The same for one that begins a transaction.
    pub(super) fn begin(&self, request: impl Future<Output = Result<(), Error>> + Send + 'static) {
        self.send(request);
        self.is_beginning.set(true);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.requests.borrow().is_empty()
    }

    pub(super) const fn is_beginning(&self) -> bool {
        self.is_beginning.get()
    }

    /// The first failure of all of them; the later ones follow from it.
    pub(super) fn settle(&self) -> Result<(), Error> {
        self.is_beginning.set(false);
        let mut outcome = Ok(());
        for request in self.requests.take() {
            outcome = outcome.and(wait(request));
        }
        outcome
    }

    /// Looks at no answer any more.
    pub(super) fn forget(&self) {
        self.is_beginning.set(false);
        self.requests.take();
    }
}
