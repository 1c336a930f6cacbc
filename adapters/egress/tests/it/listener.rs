//! A raw HTTP/1.1 listener that counts connections, a resolver with a script, and clients.

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use countersign_egress::{Egress, Settings, resolver::Resolve, target::Allow};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

pub(crate) const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// What the listener says to each request.
#[derive(Clone)]
pub(crate) enum Reply {
    Text(String),
    /// The text, and then nothing more on an open connection.
    Hang(String),
    /// The text, and then letters without end.
    Endless(String),
    /// The connection is closed after the request.
    Close,
}

pub(crate) struct Listener {
    pub(crate) port: u16,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
    _task: JoinSet<()>,
}

impl Listener {
    pub(crate) async fn saying(reply: Reply) -> Self {
        let listener = TcpListener::bind((HOME, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let mut task = JoinSet::new();
        task.spawn(accept(listener, reply, Arc::clone(&connections), Arc::clone(&requests)));
        Self { port, connections, requests, _task: task }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn accept(
    listener: TcpListener,
    reply: Reply,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
) {
    let mut open = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.fetch_add(1, Ordering::SeqCst);
        let (reply, requests) = (reply.clone(), Arc::clone(&requests));
        open.spawn(async move {
            // A client that stops reading ends the connection: nothing to do about it.
            let _ = serve(stream, reply, &requests).await;
        });
    }
}

async fn serve(
    mut stream: TcpStream,
    reply: Reply,
    requests: &Mutex<Vec<String>>,
) -> io::Result<()> {
    let request = read_request(&mut stream).await?;
    requests.lock().unwrap().push(request);
    match reply {
        Reply::Text(text) => stream.write_all(text.as_bytes()).await,
        Reply::Hang(text) => {
            stream.write_all(text.as_bytes()).await?;
            std::future::pending().await
        }
        Reply::Endless(text) => {
            stream.write_all(text.as_bytes()).await?;
            loop {
                stream.write_all(&[b'a'; 8192]).await?;
            }
        }
        Reply::Close => Ok(()),
    }
}

async fn read_request(stream: &mut TcpStream) -> io::Result<String> {
    let mut request = String::new();
    let mut byte = [0; 1];
    while !request.ends_with("\r\n\r\n") {
        stream.read_exact(&mut byte).await?;
        request.push(byte[0].into());
    }
    let length = request.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await?;
    request.push_str(&String::from_utf8(body).unwrap());
    Ok(request)
}

pub(crate) fn ok() -> Reply {
    Reply::Text("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok".into())
}

/// Answers by a function of the name and the number of questions before.
pub(crate) struct Script<F> {
    answer: F,
    asked: AtomicUsize,
}

impl<F: Fn(&str, usize) -> Vec<IpAddr>> Script<F> {
    pub(crate) fn new(answer: F) -> Arc<Self> {
        Arc::new(Self { answer, asked: AtomicUsize::new(0) })
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl<F: Fn(&str, usize) -> Vec<IpAddr> + Send + Sync> Resolve for Script<F> {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok((self.answer)(host, self.asked.fetch_add(1, Ordering::SeqCst)))
    }
}

/// Settings with short times, in which every name is 127.0.0.1.
pub(crate) fn settings(networks: &[&str], ports: &[u16]) -> Settings {
    let networks = networks.iter().map(|network| network.parse().unwrap()).collect();
    Settings {
        allow: Allow { networks, ports: ports.to_vec() },
        connect: Duration::from_millis(500),
        total: Duration::from_secs(2),
        resolver: Script::new(|_: &str, _| vec![HOME]),
        ..Settings::default()
    }
}

pub(crate) fn egress(networks: &[&str], ports: &[u16]) -> Egress {
    Egress::new(settings(networks, ports)).unwrap()
}
