//! The load of one life: submits and clicks, every one of which is repeated in the next life until
//! it is acknowledged.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use serde::Deserialize;
use serde_json::Value;
use tokio::task::JoinSet;

use super::ledger::Ledger;
use crate::{
    database::PostedCard,
    failure::Failure,
    payload::{Submits, Wish},
    press::Presses,
    site::Site,
    tools::Tools,
    wire::Wire,
};

const SUBMITTERS: usize = 24;
const CLICKERS: usize = 8;

/// Clicks that are prepared for one life: more than it can see.
const CLICKS: usize = 2_000;

/// Numbers that one life may use: more than it can see.
const NUMBERS: u64 = 50_000;

/// The load, until its service is gone.
#[derive(Debug)]
pub(super) struct Work {
    workers: JoinSet<Result<Vec<Deed>, Failure>>,
    numbers: Queue<u64>,
    clicks: Queue<PostedCard>,
}

/// What one worker has to tell.
#[derive(Debug)]
enum Deed {
    Opened {
        number: u64,
        request: String,
    },
    /// Sent, and no answer came.
    Open {
        number: u64,
    },
    Clicked(PostedCard),
    Unclicked(PostedCard),
}

/// The part of an answer that is a promise.
#[derive(Deserialize)]
struct Opened {
    task: Task,
}

#[derive(Deserialize)]
struct Task {
    id: String,
}

type Queue<T> = Arc<Mutex<VecDeque<T>>>;

/// Starts everything.
pub(super) async fn start(
    tools: &Tools,
    site: &Site,
    ledger: &mut Ledger,
) -> Result<Work, Failure> {
    // What was not acknowledged in the last life comes first.
    let again = std::mem::take(&mut ledger.open);
    let fresh = ledger.next..ledger.next + NUMBERS;
    let numbers = queue(again.into_iter().chain(fresh));
    let clicks = queue(cards(site, ledger).await?.into_iter());
    let mut workers = JoinSet::new();
    for _ in 0..SUBMITTERS {
        let (pending, decided) = (Wish::Write, Wish::Transfer);
        let [pending, decided] =
            [pending, decided].map(|wish| Submits::new(site.address, tools.receiver, wish));
        workers.spawn(submit(site.address, [pending, decided], Arc::clone(&numbers)));
    }
    for _ in 0..CLICKERS {
        workers.spawn(press(tools.presses(site), Arc::clone(&clicks)));
    }
    Ok(Work { workers, numbers, clicks })
}

/// Repeats what is still without an answer, with nobody killing anything.
pub(super) async fn settle(tools: &Tools, site: &Site, ledger: &mut Ledger) -> Result<(), Failure> {
    let numbers = queue(std::mem::take(&mut ledger.open).into_iter());
    let clicks = queue(std::mem::take(&mut ledger.unclicked).into_values());
    let mut workers = JoinSet::new();
    let submits =
        [Wish::Write, Wish::Transfer].map(|wish| Submits::new(site.address, tools.receiver, wish));
    workers.spawn(submit(site.address, submits, Arc::clone(&numbers)));
    workers.spawn(press(tools.presses(site), Arc::clone(&clicks)));
    Work { workers, numbers, clicks }.end(ledger).await
}

impl Work {
    /// Waits until every worker has lost its connection, and writes down what they have to tell.
    pub(super) async fn end(mut self, ledger: &mut Ledger) -> Result<(), Failure> {
        while let Some(deeds) = self.workers.join_next().await {
            for deed in deeds?? {
                ledger.note(deed);
            }
        }
        // What this life had no time to repeat is for the next.
        let known = ledger.next;
        ledger.open.extend(drain(&self.numbers).filter(|number| *number < known));
        let cards = drain(&self.clicks).map(|card| (card.request.clone(), card));
        ledger.unclicked.extend(cards);
        Ok(())
    }
}

impl Ledger {
    fn note(&mut self, deed: Deed) {
        match deed {
            Deed::Opened { number, request } => {
                self.next = self.next.max(number + 1);
                self.acknowledge(number, request);
            }
            Deed::Open { number } => {
                self.next = self.next.max(number + 1);
                self.open.insert(number);
            }
            Deed::Clicked(card) => self.acknowledge_vote(&card),
            Deed::Unclicked(card) => _ = self.unclicked.insert(card.request.clone(), card),
        }
    }
}

/// Clicks without an answer, then cards that nobody has clicked.
async fn cards(site: &Site, ledger: &mut Ledger) -> Result<Vec<PostedCard>, Failure> {
    let again = std::mem::take(&mut ledger.unclicked);
    let fresh = site.database.cards(CLICKS).await?;
    let fresh = fresh.into_iter().filter(|card| !again.contains_key(&card.request));
    let fresh: Vec<PostedCard> = fresh.collect();
    Ok(again.into_values().chain(fresh).collect())
}

async fn submit(
    to: SocketAddr,
    mut submits: [Submits; 2],
    numbers: Queue<u64>,
) -> Result<Vec<Deed>, Failure> {
    let mut deeds = Vec::new();
    let Ok(mut wire) = Wire::connect(to).await else { return Ok(deeds) };
    while let Some(number) = take(&numbers) {
        let kind = usize::from(number % 2 == 1);
        let Some(submits) = submits.get_mut(kind) else { break };
        let Ok(answer) = wire.send(submits.number(number)).await else {
            deeds.push(Deed::Open { number });
            break;
        };
        if answer.status != 202 {
            let body = String::from_utf8_lossy(wire.body());
            return Err(format!("void: a submit was answered {}: {body}", answer.status).into());
        }
        let Opened { task } = serde_json::from_slice(wire.body())?;
        deeds.push(Deed::Opened { number, request: task.id });
    }
    Ok(deeds)
}

async fn press(presses: Presses, cards: Queue<PostedCard>) -> Result<Vec<Deed>, Failure> {
    let mut deeds = Vec::new();
    let Ok(mut wire) = Wire::connect(presses.to).await else { return Ok(deeds) };
    while let Some(card) = take(&cards) {
        let Ok(answer) = wire.send(&presses.yes(&card, &Value::Null)?).await else {
            deeds.push(Deed::Unclicked(card));
            break;
        };
        if answer.status != 200 {
            return Err(format!("void: a click was answered {}", answer.status).into());
        }
        deeds.push(Deed::Clicked(card));
    }
    Ok(deeds)
}

fn queue<T>(items: impl Iterator<Item = T>) -> Queue<T> {
    Arc::new(Mutex::new(items.collect()))
}

fn drain<T>(queue: &Queue<T>) -> impl Iterator<Item = T> {
    std::mem::take(&mut *queue.lock().unwrap_or_else(PoisonError::into_inner)).into_iter()
}

fn take<T>(queue: &Queue<T>) -> Option<T> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}
