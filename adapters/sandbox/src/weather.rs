//! The ways in which a chat product fails: what a test or the demo can switch on.

use std::time::Duration;

use countersign_port::error::SendError;

/// How the product behaves towards the service. Clicks are unaffected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// As it should.
    Fine,
    /// Answers “too many requests” and does nothing.
    Limited { after: Duration },
    /// Does not answer and does nothing.
    Down,
    /// Does it, and the answer is lost.
    Silent,
}

impl Weather {
    /// Whether anything happens at all.
    pub(crate) fn allows(self) -> Result<(), SendError> {
        match self {
            Self::Fine | Self::Silent => Ok(()),
            Self::Limited { after } => Err(SendError::Retry {
                after: Some(after),
                cause: "429 from the sandbox".to_owned(),
            }),
            Self::Down => Err(SendError::Retry {
                after: None,
                cause: "the sandbox does not answer".to_owned(),
            }),
        }
    }

    /// Whether what happened is also reported.
    pub(crate) fn answers(self) -> Result<(), SendError> {
        match self {
            Self::Fine | Self::Limited { .. } | Self::Down => Ok(()),
            Self::Silent => {
                Err(SendError::Unknown { cause: "the sandbox's answer was lost".to_owned() })
            }
        }
    }
}
