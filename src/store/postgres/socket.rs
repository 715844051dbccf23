//! The connection below the server's protocol; it notices a peer that is gone.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::net::sockopt;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::config::Host;

/// A peer that says nothing is probed after this time, this often, this many times.
pub(super) const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
pub(super) const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
pub(super) const KEEPALIVE_COUNT: u32 = 3;

/// With bytes on their way the kernel sends no keepalives, and tries for a quarter of an hour.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// A byte stream of whatever kind.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A connection to a host, or to a server of this machine.
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    fn stream(&mut self) -> Pin<&mut dyn Stream> {
        match self {
            Self::Tcp(stream) => Pin::new(stream),
            Self::Unix(stream) => Pin::new(stream),
        }
    }
}

/// Reads and writes through the method `stream` of a type.
macro_rules! pass_bytes {
    ($type:ty) => {
        impl AsyncRead for $type {
            fn poll_read(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
                out: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                self.stream().poll_read(context, out)
            }
        }

        impl AsyncWrite for $type {
            fn poll_write(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.stream().poll_write(context, bytes)
            }

            fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.stream().poll_flush(context)
            }

            fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.stream().poll_shutdown(context)
            }
        }
    };
}

pub(super) use pass_bytes;

pass_bytes!(Socket);

/// Connects to one host; answers this end's port, too.
pub(super) async fn connect(host: &Host, port: u16) -> io::Result<(Socket, Option<u16>)> {
    let name = match host {
        Host::Unix(folder) => return connect_unix(folder, port).await,
        Host::Tcp(name) => name,
    };
    let stream = TcpStream::connect((name.as_str(), port)).await?;
    stream.set_nodelay(true)?;
    watch(&stream)?;
    let own = stream.local_addr()?.port();
    Ok((Socket::Tcp(stream), Some(own)))
}

async fn connect_unix(folder: &Path, port: u16) -> io::Result<(Socket, Option<u16>)> {
    let stream = UnixStream::connect(folder.join(format!(".s.PGSQL.{port}"))).await?;
    Ok((Socket::Unix(stream), None))
}

fn watch(stream: impl AsFd) -> io::Result<()> {
    sockopt::set_socket_keepalive(&stream, true)?;
    sockopt::set_tcp_keepidle(&stream, KEEPALIVE_IDLE)?;
    sockopt::set_tcp_keepintvl(&stream, KEEPALIVE_INTERVAL)?;
    sockopt::set_tcp_keepcnt(&stream, KEEPALIVE_COUNT)?;
    let millis = u32::try_from(ANSWER_TIMEOUT.as_millis()).unwrap_or(u32::MAX);
    Ok(sockopt::set_tcp_user_timeout(&stream, millis)?)
}
