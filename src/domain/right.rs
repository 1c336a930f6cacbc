//! What a client may do here. Each right stands for itself: who may ask may not therefore withdraw.

use std::collections::BTreeSet;

/// One of the things that clients do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// To ask whether something may be done now.
    Evaluate,
    /// To have people asked, here or through a server that hands decisions over.
    Request,
    /// To follow what it asked.
    Read,
    /// To have what was granted: the result of a task, and its credential.
    Result,
    /// To withdraw what it asked.
    Cancel,
}

/// The rights of a client: all of them where its registration names none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights(BTreeSet<Right>);

impl Right {
    /// As the configuration names them.
    pub const CHOICES: [(&str, Self); 5] = [
        ("evaluate", Self::Evaluate),
        ("request", Self::Request),
        ("read", Self::Read),
        ("result", Self::Result),
        ("cancel", Self::Cancel),
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Evaluate => "evaluate",
            Self::Request => "request",
            Self::Read => "read",
            Self::Result => "result",
            Self::Cancel => "cancel",
        }
    }
}

impl Rights {
    pub fn has(&self, right: Right) -> bool {
        self.0.contains(&right)
    }
}

impl Default for Rights {
    fn default() -> Self {
        Right::CHOICES.into_iter().map(|(_, right)| right).collect()
    }
}

impl FromIterator<Right> for Rights {
    fn from_iter<I: IntoIterator<Item = Right>>(rights: I) -> Self {
        Self(rights.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_right_has_one_name() {
        for (name, right) in Right::CHOICES {
            assert_eq!(right.as_str(), name);
            assert!(Rights::default().has(right));
        }
    }
}
