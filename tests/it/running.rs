//! The program as a process of its own: run to its end, or serving until it is told to stop.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Stdio},
    thread::JoinHandle,
};

use serde_json::Value;

use crate::{
    office::{API_KEY, AUDITOR_KEY, answer, client},
    patience::until_async,
};

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a command to its end, without blocking the stand-ins that it speaks to.
pub(crate) async fn run(arguments: &[&str], environment: &[(&'static str, String)]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments).envs(environment.iter().cloned()).stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Fills a folder: the policy says yes to `cache.flush` at once. Gives the path of the configuration.
pub(crate) fn flushing(folder: &Path, config: &str) -> PathBuf {
    let policy = "version: 1\nrules:\n  \
        - { name: flush, if: { action: cache.flush }, pre_approve: { valid_for: 1h } }\n";
    let catalogue = "actions:\n  cache.flush: { title: Flush a cache, risk: low, owner: shop, \
        env: prod, access: read }\n";
    for (name, text) in [
        ("countersign.yaml", config),
        ("policy.yaml", policy),
        ("catalogue.yaml", catalogue),
        ("people.yaml", "people:\n  dana: { name: Dana Novak, groups: [shop] }\n"),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
    folder.join("countersign.yaml")
}

fn serve(config: &Path, environment: &[(&'static str, String)]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(["serve", "--config"]).arg(config).envs(environment.iter().cloned());
    command.stderr(Stdio::piped()).spawn().unwrap()
}

/// Everything that it says, after what it has said.
fn rest_of(mut log: BufReader<ChildStderr>, mut said: String) -> JoinHandle<String> {
    std::thread::spawn(move || {
        log.read_to_string(&mut said).unwrap();
        said
    })
}

/// A running `countersign serve`.
pub(crate) struct Running {
    child: Child,
    pub(crate) url: String,
    /// Reads what it says, so that it never waits for a reader.
    log: Option<JoinHandle<String>>,
}

impl Running {
    /// Starts it on a port that the system chooses, and waits until it says which.
    pub(crate) fn start(config: &Path, environment: &[(&'static str, String)]) -> Self {
        let mut child = serve(config, environment);
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let address = loop {
            let start = said.len();
            assert_ne!(log.read_line(&mut said).unwrap(), 0, "it ended at once: {said}");
            let line: Value =
                serde_json::from_str(said.get(start..).unwrap_or_default()).unwrap_or_default();
            if line["fields"]["message"] == "listening" {
                break line["fields"]["address"].as_str().unwrap().to_owned();
            }
        };
        Self { child, url: format!("http://{address}"), log: Some(rest_of(log, said)) }
    }

    /// Starts it on this address, and waits no longer than until its port is open.
    pub(crate) fn open(config: &Path, address: SocketAddr) -> Self {
        let mut child = serve(config, &[]);
        let log = rest_of(BufReader::new(child.stderr.take().unwrap()), String::new());
        while TcpStream::connect(address).is_err() {
            assert!(child.try_wait().unwrap().is_none(), "it ended: {}", log.join().unwrap());
        }
        Self { child, url: format!("http://{address}"), log: Some(log) }
    }

    /// Asks for something that waits for people; gives its id.
    pub(crate) async fn ask(&self, body: &Value) -> String {
        let url = format!("{}/access/v1/requests", self.url);
        let answer = answer(client().post(url).bearer_auth(API_KEY).json(body)).await;
        assert_eq!(answer.status, 202, "{:?}", answer.body);
        answer.body["task"]["id"].as_str().unwrap().to_owned()
    }

    /// The votes that the audit log has about a request.
    pub(crate) async fn votes(&self, id: &str) -> Vec<Value> {
        let url = format!("{}/audit/v1/entries?request_id={id}&kind=vote_cast", self.url);
        let answer = answer(client().get(url).bearer_auth(AUDITOR_KEY)).await;
        answer.body["items"].as_array().expect("entries").clone()
    }

    /// Waits until all cards and callbacks have been delivered, and that has been written down. Who dies
    /// between the two posts a card once more: nothing tells the next process that it hangs.
    pub(crate) async fn all_delivered(&self) {
        let metrics = format!("{}/metrics", self.url);
        let look = async || waits_for_nothing(client().get(&metrics)).await.then_some(());
        until_async("all is delivered", look).await;
    }

    /// Sends a signal, such as `-HUP`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    /// Asks it to stop as a supervisor would, waits until it has, and gives back its log.
    pub(crate) fn stop(mut self) -> String {
        self.signal("-TERM");
        let status = self.child.wait().unwrap();
        let log = self.log.take().unwrap().join().unwrap();
        assert!(status.success(), "{status}: {log}");
        log
    }
}

impl Running {
    /// SIGKILL: nothing is written any more, nothing is said to anybody. Gives back its log.
    pub(crate) fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.log.take().unwrap().join().unwrap()
    }
}

async fn waits_for_nothing(metrics: reqwest::RequestBuilder) -> bool {
    let text = metrics.send().await.unwrap().text().await.unwrap();
    text.lines().any(|line| line == "countersign_outbox_waiting 0")
}

impl Drop for Running {
    fn drop(&mut self) {
        // Only a story that failed leaves one running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
