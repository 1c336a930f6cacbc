//! The guided tour without a browser: every step is played through the same doors and checked.

use countersign_port::access::Access;
use countersign_sandbox::{
    oauth_server::log::Entry,
    plain::plain,
    stage::Stage,
    tour::{Check, STEPS},
    workspace::NoteKind,
};

use crate::{
    app::App,
    cli::{End, Failure, output},
};

/// Plays the tour. The answer is no as soon as a step does not end as it should.
pub(super) async fn play(stage: &Stage, app: &App) -> Result<End, Failure> {
    let access: &dyn Access = &app.service;
    for (number, step) in STEPS.iter().enumerate() {
        output::data(&format!("{}/{}  {}", number + 1, STEPS.len(), step.title));
        output::data(&format!("     do      {}", step.todo));
        if let Err(stuck) = step.play(stage, access).await {
            output::data(&format!("     FAILED  {stuck}"));
            output::data("\nthe tour did not go as expected");
            return Ok(End::No);
        }
        output::data(&format!("     seen    {}", step.expect));
        // What a step leaves behind is drawn, too.
        app.outbox.drain().await?;
        for line in evidence(stage, step.check).lines() {
            output::data(&format!("     | {line}"));
        }
        output::data("");
    }
    output::data("What the OAuth server saw:");
    let log = stage.server.log();
    for entry in &log {
        output::data(&format!("  {}", line(entry)));
    }
    output::data(&format!("\nall {} steps went as expected", STEPS.len()));
    Ok(End::Yes)
}

/// What can be seen after a step: the card that it is about, or the private answer.
fn evidence(stage: &Stage, check: Check) -> String {
    let newest = |channel: &str| {
        let message = stage.sandbox.messages(channel).pop();
        message.map(|message| plain(&message.card)).unwrap_or_default()
    };
    match check {
        Check::Refused { who, .. } => {
            let refusals =
                stage.sandbox.notes(who).into_iter().rev().find_map(|note| match note.kind {
                    NoteKind::Refused(refusal) => Some(refusal.sentence),
                    NoteKind::Counted(_) | NoteKind::Details(_) => None,
                });
            refusals.unwrap_or_default()
        }
        Check::Shows { channel, .. } | Check::Told { channel, .. } => newest(channel),
        Check::TurnedAway | Check::CameAgain | Check::SpentOnce => newest("payments"),
    }
}

fn line(entry: &Entry) -> String {
    match entry {
        Entry::Asked { scenario, asked } => format!(
            "POST /access/v1/requests  {:16} {}  {}",
            scenario.label(),
            asked.status,
            asked.request.as_deref().unwrap_or("-")
        ),
        Entry::Called(call) => format!("callback {:24} {}", call.event, call.story()),
        Entry::Forged { why } => format!("callback with a forged signature, refused: {why}"),
        Entry::Redeemed { request, active } => {
            format!(
                "credential of {request} redeemed: {}",
                if *active { "once" } else { "refused" }
            )
        }
    }
}
