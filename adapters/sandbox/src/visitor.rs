//! Somebody to be on the page. Who that can be is given from outside: the demo has its invented
//! company, a workspace on real files has the accounts of the people file.

use crate::demo::{PERSONAS, Persona};

/// An account of the workspace, and what the page calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// The account in this workspace.
    pub subject: String,
    pub name: String,
    /// What they are there for, in a few words: a role, or their groups.
    pub role: String,
}

impl Visitor {
    /// Everybody of the demo, in the order in which the page shows them.
    pub(crate) fn of_the_demo() -> Vec<Self> {
        PERSONAS.into_iter().map(Self::from).collect()
    }
}

impl From<Persona> for Visitor {
    fn from(Persona { id, name, role }: Persona) -> Self {
        Self { subject: id.to_owned(), name: name.to_owned(), role: role.to_owned() }
    }
}
