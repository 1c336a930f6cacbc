//! The parts of the programme, one file each.

mod chaos;
mod click;
mod drain;
mod footprint;
mod ingest;
mod keycloak;
mod overload;
mod redeem;

use clap::Subcommand;

use crate::{
    failure::Failure,
    report::Report,
    tools::{Outside, Tools},
};

/// A part of the programme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub(crate) enum Part {
    /// Submits: rates and times at 1, 32 and 256 connections (R1, R2, R3).
    Ingest,
    /// Clicks in Slack, every second one of which decides, beside Teams, a peer and with nobody
    /// who answers (R4, R5, R7).
    Click,
    /// Authentication requests from Keycloak, with nobody who answers in Slack and in Teams (R14).
    Keycloak,
    /// Callbacks to one receiver (R9).
    Drain,
    /// Single-use credentials, beside a plain conditional update.
    Redeem,
    /// Four times as much as it can take (R13).
    Overload,
    /// Memory, start, size (R12).
    Footprint,
    /// kill -9 under load, with a ledger kept outside (R6).
    Chaos,
}

impl Part {
    pub(crate) const ALL: [Self; 8] = [
        Self::Ingest,
        Self::Click,
        Self::Keycloak,
        Self::Drain,
        Self::Redeem,
        Self::Overload,
        Self::Footprint,
        Self::Chaos,
    ];

    /// Measures it. What goes wrong stands in the report, and the other parts go on.
    pub(crate) async fn run(
        self,
        tools: &Tools,
        outside: &Outside,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let receiver = &outside.receiver;
        receiver.forget();
        let (name, done) = match self {
            Self::Ingest => ("ingest", ingest::measure(tools, report).await),
            Self::Click => ("click", click::measure(tools, outside, report).await),
            Self::Keycloak => ("keycloak", keycloak::measure(tools, outside, report).await),
            Self::Drain => ("drain", drain::measure(tools, receiver, report).await),
            Self::Redeem => ("redeem", redeem::measure(tools, report).await),
            Self::Overload => ("overload", overload::measure(tools, report).await),
            Self::Footprint => ("footprint", footprint::measure(tools, report).await),
            Self::Chaos => ("chaos", chaos::measure(tools, receiver, report).await),
        };
        done.or_else(|failure| report.broken(name, &failure))
    }
}
