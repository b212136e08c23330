//! A partner's connection, as the server reads it: what the older protocol's clients leave unescaped in a request line is
//! escaped on the way in. Nothing else is changed, and nothing on the way out.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::rt::net::TcpStream;
use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::param2::line::{Lines, Passed};

/// A socket and what follows its bytes.
#[derive(Debug)]
pub struct Connection {
    socket: TcpStream,
    lines: Lines,
    ready: Bytes,
}

impl Connection {
    /// Of a socket of which nothing was read; `older` says whether anybody may speak the older protocol at all.
    pub fn new(socket: TcpStream, older: bool) -> Self {
        let lines = if older { Lines::default() } else { Lines::unread() };
        Self { socket, lines, ready: Bytes::new() }
    }

    /// The socket itself.
    pub fn socket(&self) -> &TcpStream {
        &self.socket
    }

    fn give(&mut self, into: &mut ReadBuf<'_>) {
        let length = self.ready.len().min(into.remaining());
        into.put_slice(self.ready.get(..length).unwrap_or_default());
        self.ready.advance(length);
    }
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.ready.is_empty() && into.remaining() > 0 {
            let before = into.filled().len();
            ready!(Pin::new(&mut this.socket).poll_read(context, into))?;
            let came = into.filled().get(before..).unwrap_or_default();
            if came.is_empty() {
                this.ready = this.lines.end();
                break;
            }
            match this.lines.pass(came) {
                Passed::AsTheyCame => return Poll::Ready(Ok(())),
                Passed::Instead(bytes) => {
                    into.set_filled(before);
                    this.ready = bytes;
                }
            }
        }
        this.give(into);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}
