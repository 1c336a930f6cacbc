//! One connection: reads envelopes, hands them over side by side, acknowledges each when its handler
//! has returned, and notices when nobody is there any more.

use std::time::Duration;

use countersign_egress::exchange::Stream;
use futures::{FutureExt, SinkExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::time::{Instant, interval, timeout};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Error, Message},
};
use tokio_util::sync::CancellationToken;

use super::{
    Entry, Pace, SocketMode,
    envelope::{Content, Envelope, Incoming},
    handshake,
};

const GREETING_DEADLINE: Duration = Duration::from_secs(10);
const SEND_DEADLINE: Duration = Duration::from_secs(5);

pub(super) struct Connection<'a> {
    socket: WebSocketStream<Stream>,
    entry: &'a dyn Entry,
    pace: Pace,
    /// What is being handled; each gives its acknowledgement, or none where it is to come again.
    running: FuturesUnordered<BoxFuture<'a, Option<String>>>,
    heard_at: Instant,
}

/// Why a connection is served no longer.
#[derive(Debug)]
pub(super) enum End {
    /// We were told to stop.
    Stop,
    /// Slack will close it, for this reason.
    Leave(String),
    /// It is closed or broken.
    Gone(String),
}

impl<'a> Connection<'a> {
    /// Connects, and waits until Slack says hello to our app.
    pub(super) async fn open(mode: &SocketMode, entry: &'a dyn Entry) -> Result<Self, String> {
        let socket = handshake::connect(mode).await?;
        let (running, heard_at) = (FuturesUnordered::new(), Instant::now());
        let mut connection = Self { socket, entry, pace: mode.pace, running, heard_at };
        let greeted = timeout(GREETING_DEADLINE, connection.greeted()).await;
        let app_id = greeted.map_err(|_| "Slack did not say hello".to_owned())??;
        match (&mode.app_id, app_id) {
            (Some(ours), Some(theirs)) if *ours != theirs => {
                Err(format!("the app-level token belongs to another app: `{theirs}`"))
            }
            _ => Ok(connection),
        }
    }

    async fn greeted(&mut self) -> Result<Option<String>, String> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => match Incoming::parse(&text) {
                    Incoming::Hello { app_id } => return Ok(app_id),
                    Incoming::Disconnect { reason } => return Err(format!("refused: {reason}")),
                    Incoming::Envelope(_) | Incoming::Other => {}
                },
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_))) => {}
                Some(Ok(Message::Close(_) | Message::Frame(_))) | None => return Err(closed()),
                Some(Err(error)) => return Err(broken(&error)),
            }
        }
    }

    /// Serves until there is a reason to end.
    pub(super) async fn serve(&mut self, stop: &CancellationToken) -> End {
        let mut pulse = interval(self.pace.ping);
        loop {
            let end = tokio::select! {
                () = stop.cancelled() => Some(End::Stop),
                Some(acknowledgement) = self.running.next() => {
                    self.acknowledge(acknowledgement).await
                }
                frame = self.socket.next() => self.take(frame),
                _ = pulse.tick() => self.beat().await,
            };
            if let Some(end) = end {
                return end;
            }
        }
    }

    /// Takes what still comes where Slack said that it will close; lets what is being handled come
    /// to its end, and closes.
    pub(super) fn drain<'b>(mut self, end: End, stop: &'b CancellationToken) -> BoxFuture<'b, ()>
    where
        'a: 'b,
    {
        let limit = self.pace.drain;
        let drained = async move {
            let mut end = end;
            while matches!(end, End::Leave(_)) {
                end = self.serve(stop).await;
            }
            while let Some(acknowledgement) = self.running.next().await {
                // On a connection that is gone nothing is acknowledged, and comes again.
                self.acknowledge(acknowledgement).await;
            }
            // Says goodbye, or answers Slack's. Nobody minds if it is not heard.
            let _ = timeout(SEND_DEADLINE, SinkExt::close(&mut self.socket)).await;
        };
        timeout(limit, drained).map(|_| ()).boxed()
    }

    fn take(&mut self, frame: Option<Result<Message, Error>>) -> Option<End> {
        self.heard_at = Instant::now();
        match frame {
            Some(Ok(Message::Text(text))) => self.hear(&text),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_))) => None,
            Some(Ok(Message::Close(_) | Message::Frame(_))) | None => Some(End::Gone(closed())),
            Some(Err(error)) => Some(End::Gone(broken(&error))),
        }
    }

    fn hear(&mut self, text: &str) -> Option<End> {
        match Incoming::parse(text) {
            Incoming::Disconnect { reason } => Some(End::Leave(reason)),
            Incoming::Envelope(envelope) => {
                self.running.push(handle(self.entry, envelope).boxed());
                None
            }
            Incoming::Hello { .. } | Incoming::Other => None,
        }
    }

    /// A connection may die without a word, so we ask.
    async fn beat(&mut self) -> Option<End> {
        if self.heard_at.elapsed() >= self.pace.silence {
            return Some(End::Gone("nothing was heard for too long".to_owned()));
        }
        self.send(Message::Ping(bytes::Bytes::new())).await
    }

    async fn acknowledge(&mut self, acknowledgement: Option<String>) -> Option<End> {
        self.send(Message::text(acknowledgement?)).await
    }

    async fn send(&mut self, message: Message) -> Option<End> {
        match timeout(SEND_DEADLINE, self.socket.send(message)).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(End::Gone(broken(&error))),
            Err(_) => Some(End::Gone("nothing can be sent".to_owned())),
        }
    }
}

/// INVARIANT: the acknowledgement exists only once the handler has returned.
async fn handle(entry: &dyn Entry, envelope: Envelope) -> Option<String> {
    let answer = match &envelope.content {
        Content::Interactive(payload) => entry.interactive(payload.get().as_bytes()).await,
        Content::Command(form) => entry.command(form.as_bytes()).await,
        Content::Event(body) => {
            entry.event(body.get().as_bytes()).await.ok()?;
            None
        }
        Content::Unknown => None,
    };
    Some(envelope.acknowledgement(answer))
}

fn closed() -> String {
    "it was closed".to_owned()
}

fn broken(error: &Error) -> String {
    format!("it broke: {error}")
}
