//! What an examination finds, in words for people who do not write code.

use serde::Serialize;

use crate::access::{Identity, RefusalKind};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The thing, such as `Slack channel T0123/C0456`.
    pub what: String,
    pub health: Health,
    /// What was found, and what it means.
    pub means: String,
    /// What to do about it; absent where nothing has to be done.
    pub fix: Option<Fix>,
}

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    Good,
    /// It works, and somebody should look after it.
    Poor,
    Bad,
    /// It could not be found out.
    Unknown,
}

/// What to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// Who can.
    pub who: &'static str,
    /// What they do, down to what they click or type.
    pub how: String,
    /// The page of the runbook, without its ending.
    pub page: &'static str,
}

impl Finding {
    /// Nothing has to be done.
    pub fn good(what: impl Into<String>, means: impl Into<String>) -> Self {
        Self { what: what.into(), health: Health::Good, means: means.into(), fix: None }
    }

    /// It works, and somebody should look after it.
    pub fn poor(what: impl Into<String>, means: impl Into<String>, fix: Fix) -> Self {
        Self { what: what.into(), health: Health::Poor, means: means.into(), fix: Some(fix) }
    }

    /// It does not work.
    pub fn bad(what: impl Into<String>, means: impl Into<String>, fix: Fix) -> Self {
        Self { what: what.into(), health: Health::Bad, means: means.into(), fix: Some(fix) }
    }

    /// An account of the people file whose clicks are refused, for this reason.
    pub fn account(account: &Identity, why: RefusalKind) -> Self {
        let (what, who) = (account.heading(), "whoever writes the people file");
        let fix = |how: &str| Fix { who, how: how.to_owned(), page: "refused-clicks" };
        if why == RefusalKind::Guest {
            let how = "write the account that they have as a member, or leave it out";
            Self::bad(what, "it is a guest's: its clicks are refused", fix(how))
        } else if why == RefusalKind::Stranger {
            let means = "it is nobody's where the app is installed: its clicks are refused";
            Self::bad(what, means, fix("compare it with what `link` shows them in chat"))
        } else if why == RefusalKind::NotAPerson {
            let means = "it is switched off, or a program's: its clicks are refused";
            Self::poor(what, means, fix("take it out, or have it switched on again"))
        } else {
            let means = "the chat could not say whose it is: its clicks may be refused";
            Self::unknown(what, means, fix("run this again in a few minutes"))
        }
    }

    /// It could not be found out.
    pub fn unknown(what: impl Into<String>, means: impl Into<String>, fix: Fix) -> Self {
        Self { what: what.into(), health: Health::Unknown, means: means.into(), fix: Some(fix) }
    }
}
