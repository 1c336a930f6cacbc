//! The wire between a process and its PostgreSQL, which can be cut at the worst moment.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What a client says last of a transaction.
const COMMIT: &[u8] = b"COMMIT\0";

/// A wire, and what is about to happen to it.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    pub(crate) port: u16,
    fate: Arc<Fate>,
}

#[derive(Debug, Default)]
struct Fate {
    /// The next commit is carried out, and its answer never comes.
    lose_an_answer: AtomicBool,
    /// Of the next commit nothing is heard on either side, and nobody hangs up.
    fall_silent: AtomicBool,
}

impl Wire {
    pub(crate) async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let fate = Arc::<Fate>::default();
        let wire = Self { port, fate: fate.clone() };
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.unwrap();
                #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
                tokio::spawn(carry(client, server, fate.clone()));
            }
        });
        wire
    }

    pub(crate) fn lose_the_answer_to_a_commit(&self) {
        self.fate.lose_an_answer.store(true, Ordering::SeqCst);
    }

    pub(crate) fn fall_silent_at_a_commit(&self) {
        self.fate.fall_silent.store(true, Ordering::SeqCst);
    }

    /// Whether what was announced has happened.
    pub(crate) fn is_as_ever(&self) -> bool {
        let Fate { lose_an_answer, fall_silent } = &*self.fate;
        !lose_an_answer.load(Ordering::SeqCst) && !fall_silent.load(Ordering::SeqCst)
    }
}

async fn carry(mut client: TcpStream, mut server: TcpStream, fate: Arc<Fate>) {
    let (mut said, mut answered) = ([0; 16_384], [0; 16_384]);
    loop {
        tokio::select! {
            read = client.read(&mut said) => {
                let Some(said) = said.get(..read.unwrap_or(0)).filter(|said| !said.is_empty())
                else { return };
                let commits = said.windows(COMMIT.len()).any(|part| part == COMMIT);
                if commits && fate.fall_silent.swap(false, Ordering::SeqCst) {
                    return std::future::pending().await;
                }
                server.write_all(said).await.unwrap();
                if commits && fate.lose_an_answer.swap(false, Ordering::SeqCst) {
                    // It is done as soon as there is an answer.
                    server.readable().await.unwrap();
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Some(answered) = answered.get(..read.unwrap_or(0)).filter(|all| !all.is_empty())
                else { return };
                if client.write_all(answered).await.is_err() {
                    return;
                }
            }
        }
    }
}
