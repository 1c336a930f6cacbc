//! One HTTP/1.1 connection that sends prepared bytes and reads answers with a content length, or
//! with chunks and nothing in them. Where the other side hangs up after an answer it calls again,
//! and what that takes is part of the next answer's time. It costs the driver next to nothing, so
//! that what is measured is the other side.

use std::{io, net::SocketAddr, ops::Range};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A connection, and the last answer that came over it.
#[derive(Debug)]
pub(crate) struct Wire {
    address: SocketAddr,
    stream: TcpStream,
    next: Next,
    buffer: Vec<u8>,
    body: Range<usize>,
}

/// What a load needs to know of an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry: Retry,
}

/// Whether the answer says when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retry {
    Said,
    Unsaid,
}

/// The parts of a head that matter here.
struct Head {
    answer: Answer,
    body: Range<usize>,
    framing: Framing,
    next: Next,
}

/// What the other side does with the connection after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Kept,
    Closed,
}

/// How an answer says where it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length,
    Chunks,
}

/// A body in chunks that is empty: how Node answers where there is nothing to say.
const NO_CHUNKS: &[u8] = b"0\r\n\r\n";

impl Wire {
    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Self> {
        let (stream, buffer) = (dial(address).await?, Vec::with_capacity(4096));
        Ok(Self { address, stream, next: Next::Kept, buffer, body: 0..0 })
    }

    /// Sends a whole request and reads the whole answer.
    pub(crate) async fn send(&mut self, request: &[u8]) -> io::Result<Answer> {
        if self.next == Next::Closed {
            self.stream = dial(self.address).await?;
        }
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            self.read_more().await?;
            if let Some(head) = head(&self.buffer)? {
                break head;
            }
        };
        while self.buffer.len() < head.body.end {
            self.read_more().await?;
        }
        (self.body, self.next) = (head.body, head.next);
        if head.framing == Framing::Chunks && self.body() != NO_CHUNKS {
            return Err(io::Error::other("an answer in chunks that is not empty"));
        }
        Ok(head.answer)
    }

    /// The body of the last answer.
    pub(crate) fn body(&self) -> &[u8] {
        self.buffer.get(self.body.clone()).unwrap_or_default()
    }

    async fn read_more(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

async fn dial(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn head(bytes: &[u8]) -> io::Result<Option<Head>> {
    const END: &[u8] = b"\r\n\r\n";
    let Some(end) = bytes.windows(END.len()).position(|window| window == END) else {
        return Ok(None);
    };
    let text = bytes.get(..end).and_then(|head| std::str::from_utf8(head).ok());
    text.and_then(|text| parse(text, end + END.len()))
        .map(Some)
        .ok_or_else(|| io::Error::other("an answer without a status or a content length"))
}

fn parse(head: &str, body_at: usize) -> Option<Head> {
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let (mut length, mut retry) = (None, Retry::Unsaid);
    let (mut framing, mut next) = (Framing::Length, Next::Kept);
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse::<usize>().ok();
        } else if name.eq_ignore_ascii_case("retry-after") {
            retry = Retry::Said;
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            (length, framing) = (Some(NO_CHUNKS.len()), Framing::Chunks);
        } else if name.eq_ignore_ascii_case("connection") && value.eq_ignore_ascii_case("close") {
            next = Next::Closed;
        }
    }
    // RFC 9110, section 15.3.5: an answer of 204 has no body and says no length.
    let length = if status == 204 { 0 } else { length? };
    let body = body_at..body_at + length;
    Some(Head { answer: Answer { status, retry }, body, framing, next })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_gives_status_length_and_whether_to_retry() {
        let bytes =
            b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\ncontent-length: 2\r\n\r\nno";
        let head = head(bytes).unwrap().unwrap();
        assert_eq!((head.answer.status, head.answer.retry), (503, Retry::Said));
        assert_eq!(&bytes[head.body], b"no");
    }

    #[test]
    fn an_answer_without_content_has_no_length() {
        let head = head(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap().unwrap();
        assert!(head.body.is_empty());
    }

    #[test]
    fn chunks_end_with_an_empty_one() {
        let bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
        let head = head(bytes).unwrap().unwrap();
        assert_eq!((head.framing, &bytes[head.body]), (Framing::Chunks, NO_CHUNKS));
    }

    #[test]
    fn a_head_says_whether_the_other_side_hangs_up() {
        let bytes = b"HTTP/1.1 201 Created\r\nConnection: close\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(head(bytes).unwrap().unwrap().next, Next::Closed);
        let bytes = b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(head(bytes).unwrap().unwrap().next, Next::Kept);
    }

    #[test]
    fn a_head_that_is_not_there_yet_is_waited_for_and_a_strange_one_refused() {
        assert!(head(b"HTTP/1.1 200 OK\r\ncontent-len").unwrap().is_none());
        assert!(head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
