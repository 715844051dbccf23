//! Connections that a fake can end without an answer.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// A listener whose connections can be cut.
pub struct CuttableListener(pub TcpListener);

/// Ends one connection; requests carry it in their extensions.
#[derive(Clone, Debug, Default)]
pub struct Cut(Arc<AtomicBool>);

/// A connection that writes nothing more once it is cut.
pub struct Stream {
    tcp: TcpStream,
    cut: Cut,
}

impl Cut {
    /// Nothing more is written: the client sees the end of the connection.
    pub fn cut(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn check(&self) -> io::Result<()> {
        if self.0.load(Ordering::SeqCst) { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    }
}

impl Listener for CuttableListener {
    type Io = Stream;
    type Addr = Cut;

    async fn accept(&mut self) -> (Stream, Cut) {
        let (tcp, _) = Listener::accept(&mut self.0).await;
        // An answer is sent without waiting for more.
        let _ = tcp.set_nodelay(true);
        let cut = Cut::default();
        (Stream { tcp, cut: cut.clone() }, cut)
    }

    fn local_addr(&self) -> io::Result<Cut> {
        Ok(Cut::default())
    }
}

impl Connected<IncomingStream<'_, CuttableListener>> for Cut {
    fn connect_info(stream: IncomingStream<'_, CuttableListener>) -> Self {
        stream.remote_addr().clone()
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.cut.check()?;
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.cut.check()?;
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

/// Serves on this listener for as long as the runtime lives.
pub async fn serve(listener: TcpListener, router: axum::Router) {
    // It never ends by itself.
    let _ = axum::serve(CuttableListener(listener), router.into_make_service_with_connect_info::<Cut>()).await;
}

/// Where a bound listener can be reached.
pub fn base_url(address: io::Result<SocketAddr>) -> String {
    format!("http://{}", address.expect("a bound socket has an address"))
}
