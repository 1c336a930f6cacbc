//! Load: a closed loop, where each connection waits for its answer, and an open loop, where requests
//! come at a rate whatever the answers do and are timed from the instant at which they were meant
//! to start. Without that, a stall would hide the requests that it kept from being sent.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    io,
    net::SocketAddr,
    ops::ControlFlow,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use tokio::{
    sync::{Mutex, mpsc},
    task::JoinSet,
};

use crate::{
    failure::Failure,
    wire::{Answer, Retry, Wire},
};

/// Answers slower than this are counted as this.
const LONGEST_US: u64 = 120_000_000;

/// Where prepared requests come from; every connection has its own.
pub(crate) trait Feed: Clone + Send + 'static {
    /// The next request, until there are no more.
    fn next(&mut self) -> Option<&[u8]>;
}

/// What became of the requests of one run.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) elapsed: Duration,
    /// Time to answer in microseconds, by status.
    pub(crate) by_status: BTreeMap<u16, Histogram<u64>>,
    /// Answers of 429 and 503 that did not say when to come back.
    pub(crate) refused_without_time: u64,
    /// Requests that got no answer.
    pub(crate) unanswered: u64,
    /// The body of one answer of each status, to say what went wrong.
    samples: BTreeMap<u16, String>,
}

/// Keeps so many connections busy for a while, or until the feed is empty.
pub(crate) async fn closed<F: Feed>(
    address: SocketAddr,
    connections: usize,
    lasting: Duration,
    feed: F,
) -> Result<Run, Failure> {
    let wires = connect(address, connections).await?;
    let start = Instant::now();
    let mut workers = JoinSet::new();
    for mut wire in wires {
        let mut feed = feed.clone();
        workers.spawn(async move {
            let mut run = Run::default();
            while start.elapsed() < lasting {
                let Some(request) = feed.next() else { break };
                let sent = Instant::now();
                let answer = wire.send(request).await;
                if run.note(sent, &answer, &wire)?.is_break() {
                    break;
                }
            }
            Ok(run)
        });
    }
    gather(workers, start).await
}

/// Sends so many requests a second over so many connections.
pub(crate) async fn open<F: Feed>(
    address: SocketAddr,
    connections: usize,
    per_second: f64,
    lasting: Duration,
    feed: F,
) -> Result<Run, Failure> {
    let wires = connect(address, connections).await?;
    let (due, queue) = mpsc::unbounded_channel();
    let queue = Arc::new(Mutex::new(queue));
    let start = Instant::now();
    let mut workers = JoinSet::new();
    for mut wire in wires {
        let (queue, mut feed) = (Arc::clone(&queue), feed.clone());
        workers.spawn(async move {
            let mut run = Run::default();
            loop {
                let intended = queue.lock().await.recv().await;
                let (Some(intended), Some(request)) = (intended, feed.next()) else { break };
                let answer = wire.send(request).await;
                if run.note(intended, &answer, &wire)?.is_break() {
                    break;
                }
            }
            Ok(run)
        });
    }
    let pacer = thread::spawn(move || pace(&due, start, per_second, lasting));
    let run = gather(workers, start).await;
    pacer.join().map_err(|_| "the thread that paces the open loop panicked")?;
    run
}

/// A thread of its own: the timer of the runtime ticks in milliseconds only.
fn pace(due: &mpsc::UnboundedSender<Instant>, start: Instant, per_second: f64, lasting: Duration) {
    let gap = Duration::from_secs_f64(1.0 / per_second);
    let mut intended = start;
    while intended < start + lasting {
        let now = Instant::now();
        if intended > now {
            thread::sleep(intended - now);
        }
        if due.send(intended).is_err() {
            return;
        }
        intended += gap;
    }
}

async fn connect(address: SocketAddr, connections: usize) -> io::Result<Vec<Wire>> {
    let mut wires = Vec::with_capacity(connections);
    for _ in 0..connections {
        wires.push(Wire::connect(address).await?);
    }
    Ok(wires)
}

async fn gather(
    mut workers: JoinSet<Result<Run, Failure>>,
    start: Instant,
) -> Result<Run, Failure> {
    let mut all = Run::default();
    while let Some(run) = workers.join_next().await {
        all.add(run??)?;
    }
    all.elapsed = start.elapsed();
    Ok(all)
}

impl Run {
    /// Notes an answer. A connection that is lost ends its worker.
    fn note(
        &mut self,
        since: Instant,
        answer: &io::Result<Answer>,
        wire: &Wire,
    ) -> Result<ControlFlow<()>, Failure> {
        let Ok(answer) = answer else {
            self.unanswered += 1;
            return Ok(ControlFlow::Break(()));
        };
        if matches!(answer.status, 429 | 503) && answer.retry == Retry::Unsaid {
            self.refused_without_time += 1;
        }
        let micros = u64::try_from(since.elapsed().as_micros()).unwrap_or(LONGEST_US);
        let times = match self.by_status.entry(answer.status) {
            Entry::Occupied(times) => times.into_mut(),
            Entry::Vacant(place) => {
                let body = String::from_utf8_lossy(wire.body()).into_owned();
                self.samples.insert(answer.status, body);
                place.insert(histogram()?)
            }
        };
        times.saturating_record(micros);
        Ok(ControlFlow::Continue(()))
    }

    fn add(&mut self, other: Self) -> Result<(), Failure> {
        for (status, times) in other.by_status {
            match self.by_status.entry(status) {
                Entry::Occupied(mut all) => all.get_mut().add(times)?,
                Entry::Vacant(place) => _ = place.insert(times),
            }
        }
        self.refused_without_time += other.refused_without_time;
        self.unanswered += other.unanswered;
        self.samples.extend(other.samples);
        Ok(())
    }

    /// The answers of one status; an error, which makes the rate void, if there was anything else.
    pub(crate) fn only(self, status: u16) -> Result<Times, Failure> {
        if self.unanswered > 0 {
            return Err(format!("void: {} requests got no answer", self.unanswered).into());
        }
        let odd = self.by_status.iter().find(|(other, _)| **other != status);
        if let Some((odd, times)) = odd {
            let sample = self.samples.get(odd).map_or("", String::as_str);
            let count = times.len();
            return Err(
                format!("void: {count} answers were {odd} and not {status}: {sample}").into()
            );
        }
        let Some(times) = self.by_status.into_values().next() else {
            return Err("void: nothing was answered".into());
        };
        Ok(Times { elapsed: self.elapsed, times })
    }
}

/// The answers of one status in one run.
#[derive(Debug)]
pub(crate) struct Times {
    elapsed: Duration,
    times: Histogram<u64>,
}

impl Times {
    pub(crate) fn new(elapsed: Duration, times: Histogram<u64>) -> Self {
        Self { elapsed, times }
    }

    pub(crate) fn count(&self) -> u64 {
        self.times.len()
    }

    pub(crate) fn per_second(&self) -> f64 {
        approximate(self.times.len()) / self.elapsed.as_secs_f64()
    }

    /// The time within which this share of the answers came, in milliseconds.
    pub(crate) fn quantile_ms(&self, share: f64) -> f64 {
        approximate(self.times.value_at_quantile(share)) / 1e3
    }

    pub(crate) fn max_ms(&self) -> f64 {
        approximate(self.times.max()) / 1e3
    }
}

/// Microseconds up to two minutes, to three digits.
pub(crate) fn histogram() -> Result<Histogram<u64>, Failure> {
    Ok(Histogram::new_with_max(LONGEST_US, 3)?)
}

/// Counts are far below 2^52.
#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
pub(crate) fn approximate(count: u64) -> f64 {
    count as f64
}
