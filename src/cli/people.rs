//! `countersign people …`: who there is by the people file and by the providers, who may not act,
//! who decides for whom, and what was changed.

pub mod away;
pub mod history;
pub mod link;
pub mod list;

use clap::Subcommand;

use super::{End, Failure};

/// What to look at.
#[derive(Debug, Subcommand)]
pub enum People {
    /// Say who there is, in which groups and by whose word, and who may not act.
    List(list::List),
    /// Let a colleague decide for somebody who is away, for a time.
    Away(away::Away),
    /// End that: nobody decides for them any more.
    Back(away::Back),
    /// Say whose the account is that a code was made for.
    Link(link::Link),
    /// Take an account away from whom it was linked to.
    Unlink(link::Unlink),
    /// Say what was changed of people and groups.
    History(history::History),
}

/// Does what was asked for.
pub async fn run(people: People) -> Result<End, Failure> {
    match people {
        People::List(list) => list::run(list).await,
        People::Away(away) => away::leave(away).await,
        People::Back(back) => away::back(back).await,
        People::Link(link) => link::link(link).await,
        People::Unlink(unlink) => link::unlink(unlink).await,
        People::History(history) => history::run(&history).await,
    }
}
