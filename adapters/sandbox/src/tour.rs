//! The guided tour: its steps as data. The page shows them and sees by itself when one is done;
//! the headless demo plays the same steps and checks the same things.

use std::time::Duration;

use countersign_port::{
    access::{Access, DenyReason, RefusalKind},
    card::{Face, Verb},
};
use jiff::SignedDuration;

use crate::{
    click::Answers,
    oauth_server::{
        Switch, Unanswered,
        log::{Call, Entry},
        scenario::Scenario,
    },
    stage::Stage,
    workspace::{Message, NoClick, NoteKind},
};

/// How long the player waits for the service before it says that the step is stuck.
const PATIENCE: Duration = Duration::from_secs(10);

/// One step.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// What is shown, in a few words.
    pub title: &'static str,
    /// Whom to be: a persona's id.
    pub who: &'static str,
    /// What to do, in the words of the page.
    pub todo: &'static str,
    /// What happens then.
    pub expect: &'static str,
    /// The same, for the player.
    pub acts: &'static [Act],
    /// How to see that it happened.
    pub check: Check,
}

/// Something that a visitor does.
#[derive(Debug, Clone, Copy)]
pub enum Act {
    /// Presses a Send button.
    Send(Scenario),
    /// Presses a button on the newest card of a channel, as somebody.
    Press { who: &'static str, channel: &'static str, verb: Verb },
    /// Denies with a reason and a few words.
    Deny { who: &'static str, channel: &'static str, reason: DenyReason, words: &'static str },
    /// Says of an emergency that it was none, in a few words.
    Condemn { who: &'static str, channel: &'static str, words: &'static str },
    /// Breaks or mends the callback endpoint.
    Callbacks(Switch),
    /// Has the bank spend the credential of the newest approved transfer.
    Spend,
    /// Moves the clock.
    Advance { minutes: i64 },
    /// Waits until something can be seen.
    Await(Check),
}

/// Something to be seen.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// Somebody was told, privately, why they do not count.
    Refused { who: &'static str, kind: RefusalKind },
    /// The newest card of a channel has this face.
    Shows { channel: &'static str, face: Face },
    /// And the server has been told of that request, with a signature that held.
    Told { channel: &'static str, face: Face, event: &'static str },
    /// A callback came and was turned away.
    TurnedAway,
    /// The bank was told yes once, and no for the replay.
    SpentOnce,
    /// A callback that had been turned away came again under the same id, and once only.
    CameAgain,
}

/// Why a step could not be played.
#[derive(Debug, thiserror::Error)]
pub enum Stuck {
    #[error("{who} waited in vain for a card in #{channel}")]
    NoCard { who: &'static str, channel: &'static str },
    #[error("waited in vain to see: {0:?}")]
    NotSeen(Check),
    #[error("the service gives no credential for the transfer")]
    NothingToSpend,
    #[error("the service refused the request: status {status}")]
    NotTaken { status: u16 },
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
    #[error(transparent)]
    NoClick(#[from] NoClick),
}

const SHOP: &str = "shop-approvals";

/// The tour.
pub const STEPS: [Step; 8] = [
    Step {
        title: "Nobody approves for themselves",
        who: "dana",
        todo: "Send “write prod”. Be Dana, who asked for it, and try to approve it.",
        expect: "Dana alone is told why it does not count, and who can decide.",
        acts: &[Act::Send(Scenario::WriteProd), press("dana", SHOP)],
        check: Check::Refused { who: "dana", kind: RefusalKind::OwnRequest },
    },
    Step {
        title: "The first yes",
        who: "erin",
        todo: "Be Erin, a shop lead, and approve.",
        expect: "The card says 1 of 3, and who can act next.",
        acts: &[press("erin", SHOP)],
        check: Check::Shows { channel: SHOP, face: Face::Partial },
    },
    Step {
        title: "Everybody who is needed",
        who: "farid",
        todo: "Be Farid, the other shop lead, and approve. Then be Sam and approve in #security.",
        expect: "The request is approved, and the OAuth server is told with a signature that holds.",
        acts: &[press("farid", SHOP), press("sam", "security")],
        check: Check::Told {
            channel: SHOP,
            face: Face::Approved,
            event: "access_request.approved",
        },
    },
    Step {
        title: "One no is enough",
        who: "erin",
        todo: "Send “write prod” again. Be Erin and deny it with a reason.",
        expect: "The request is over at once; the reason is on the card and with the server.",
        acts: &[
            Act::Send(Scenario::WriteProd),
            Act::Deny {
                who: "erin",
                channel: SHOP,
                reason: DenyReason::TooBroad,
                words: "Ask for refunds only",
            },
        ],
        check: Check::Told { channel: SHOP, face: Face::Denied, event: "access_request.denied" },
    },
    Step {
        title: "The server may be down",
        who: "fay",
        todo: "Take the callback down and send “transfer”. Approve it as Fay in #payments and as \
            Olu in #incident. Then bring the callback up and move the clock by 1 min.",
        expect: "The news waits, and arrives once the server is back, under the same id.",
        acts: &[
            Act::Callbacks(Switch::Down),
            Act::Send(Scenario::Transfer),
            press("fay", "payments"),
            press("olu", "incident"),
            Act::Await(Check::TurnedAway),
            Act::Callbacks(Switch::Up),
            Act::Advance { minutes: 1 },
        ],
        check: Check::CameAgain,
    },
    Step {
        title: "Once, and no more",
        who: "dana",
        todo: "Use the credential of the transfer, which the bank then carries out. Use it again.",
        expect: "The bank is told yes once; the replay is refused.",
        acts: &[Act::Spend, Act::Spend],
        check: Check::SpentOnce,
    },
    Step {
        title: "Somebody looks afterwards",
        who: "erin",
        todo: "Send “break-glass”. Be Sam and approve in #incident. Then be Erin, whose shop it is, \
            and say in #shop-approvals that it was not justified.",
        expect: "One yes was enough in an emergency; the review takes back what is still live of it.",
        acts: &[
            Act::Send(Scenario::BreakGlass),
            press("sam", "incident"),
            Act::Condemn { who: "erin", channel: SHOP, words: "Checkout was up all day" },
        ],
        check: Check::Told { channel: SHOP, face: Face::Denied, event: "approval.revoked" },
    },
    Step {
        title: "Silence is a no",
        who: "dana",
        todo: "Send “write prod” once more, let nobody answer, and move the clock by 30 min.",
        expect: "The request expires and nothing is granted.",
        acts: &[
            Act::Send(Scenario::WriteProd),
            Act::Await(Check::Shows { channel: SHOP, face: Face::Pending }),
            Act::Advance { minutes: 30 },
        ],
        check: Check::Shows { channel: SHOP, face: Face::Expired },
    },
];

const fn press(who: &'static str, channel: &'static str) -> Act {
    Act::Press { who, channel, verb: Verb::Approve }
}

impl Step {
    /// Does what the step says and waits until its check holds.
    pub async fn play(&self, stage: &Stage, access: &dyn Access) -> Result<(), Stuck> {
        for act in self.acts {
            act.play(stage, access).await?;
        }
        self.check.wait(stage).await
    }
}

impl Act {
    async fn play(self, stage: &Stage, access: &dyn Access) -> Result<(), Stuck> {
        match self {
            Self::Send(scenario) => {
                let asked = stage.server.send(scenario).await?;
                asked.request.map(drop).ok_or(Stuck::NotTaken { status: asked.status })
            }
            Self::Press { who, channel, verb } => {
                press_newest(stage, access, (who, channel), verb, Answers::default()).await
            }
            Self::Deny { who, channel, reason, words } => {
                let answers = Answers::deny(reason, words);
                press_newest(stage, access, (who, channel), Verb::Deny, answers).await
            }
            Self::Condemn { who, channel, words } => {
                let answers = Answers { text: Some(words.to_owned()), ..Answers::default() };
                press_newest(stage, access, (who, channel), Verb::NotJustified, answers).await
            }
            Self::Callbacks(switch) => {
                stage.server.answer_callbacks(switch);
                Ok(())
            }
            Self::Spend => {
                let request = stage.server.spendable().pop().ok_or(Stuck::NothingToSpend)?;
                Ok(stage.server.redeem(&request).await.map(drop)?)
            }
            Self::Advance { minutes } => {
                stage.clock.advance(SignedDuration::from_mins(minutes)).await;
                Ok(())
            }
            Self::Await(check) => check.wait(stage).await,
        }
    }
}

/// A refusal is no failure here: one step is about being refused.
async fn press_newest(
    stage: &Stage,
    access: &dyn Access,
    (who, channel): (&'static str, &'static str),
    verb: Verb,
    answers: Answers,
) -> Result<(), Stuck> {
    let pressable = || {
        newest(stage, channel)
            .filter(|message| message.card.actions.iter().any(|button| button.verb == verb))
    };
    let message = tokio::time::timeout(PATIENCE, stage.sandbox.pulse().until(pressable))
        .await
        .map_err(|_| Stuck::NoCard { who, channel })?;
    let _counted_or_refused =
        stage.sandbox.click(access, who, &message.reference, verb, answers).await?;
    Ok(())
}

impl Check {
    /// Whether it can be seen now.
    pub fn holds(self, stage: &Stage) -> bool {
        match self {
            Self::Refused { who, kind } => {
                stage.sandbox.notes(who).iter().any(|note| match &note.kind {
                    NoteKind::Refused(refusal) => refusal.kind == kind,
                    NoteKind::Counted(_) | NoteKind::Details(_) => false,
                })
            }
            Self::Shows { channel, face } => shows(stage, channel, face).is_some(),
            Self::Told { channel, face, event } => {
                shows(stage, channel, face).is_some_and(|message| {
                    let told =
                        |call: &Call| call.event == event && call.request == message.card.request;
                    stage.server.log().iter().filter_map(Entry::delivered).any(told)
                })
            }
            Self::TurnedAway => stage.server.log().iter().any(|entry| entry.turned_away() > 0),
            Self::SpentOnce => {
                let log = stage.server.log();
                let spent = |wanted: bool| {
                    let told = |entry: &&Entry| matches!(entry, Entry::Redeemed { active, .. } if *active == wanted);
                    log.iter().filter(told).count()
                };
                spent(true) == 1 && spent(false) >= 1
            }
            Self::CameAgain => stage
                .server
                .log()
                .iter()
                .filter(|entry| entry.turned_away() > 0)
                .filter_map(Entry::delivered)
                .any(|call| call.delivered == 1),
        }
    }

    async fn wait(self, stage: &Stage) -> Result<(), Stuck> {
        let seen = || self.holds(stage).then_some(());
        tokio::time::timeout(PATIENCE, stage.sandbox.pulse().until(seen))
            .await
            .map_err(|_| Stuck::NotSeen(self))
    }
}

fn shows(stage: &Stage, channel: &str, face: Face) -> Option<Message> {
    newest(stage, channel).filter(|message| message.card.face == face)
}

fn newest(stage: &Stage, channel: &str) -> Option<Message> {
    stage.sandbox.messages(channel).pop()
}

#[cfg(test)]
mod tests;
