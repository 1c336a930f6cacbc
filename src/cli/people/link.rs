//! `countersign people link` and `unlink`: whose an account in chat is, as an operator says who has
//! been read its code.

use clap::Args;
use countersign_port::access::Identity;

use super::away::{OPERATOR, Office};
use crate::{
    cli::{ConfigFile, End, Failure},
    clock::Seeds,
    domain::{id::PersonId, link},
};

/// What was read out, and by whom.
#[derive(Debug, Args)]
pub struct Link {
    #[command(flatten)]
    file: ConfigFile,
    /// The code that `link` gave them in chat.
    code: String,
    /// Whose account it is, by the key of the people file.
    #[arg(long)]
    to: String,
}

/// Which account.
#[derive(Debug, Args)]
pub struct Unlink {
    #[command(flatten)]
    file: ConfigFile,
    /// The platform, such as `slack`.
    platform: String,
    /// The account there, as `people list` shows it: `T0123/U0ERIN`.
    account: String,
}

/// Links it.
pub(super) async fn link(link: Link) -> Result<End, Failure> {
    let office = Office::open(&link.file).await?;
    let (seeds, person) = (Seeds::system(), PersonId::from(link.to.as_str()));
    let linked = office.desk(&seeds).link(OPERATOR, &link.code, &person).await;
    let said = linked.map(|link| {
        let (platform, account) = (&link.account.provider, link.account.address());
        format!("the {platform} account {account} is linked to {person}")
    });
    office.close(said).await
}

/// Takes it away.
pub(super) async fn unlink(unlink: Unlink) -> Result<End, Failure> {
    let Unlink { file, platform, account } = unlink;
    let account = Identity::at(&platform, &account).ok_or(link::Fault::NotLinked)?;
    let office = Office::open(&file).await?;
    let unlinked = office.desk(&Seeds::system()).unlink(OPERATOR, &account).await;
    let said = unlinked.map(|person| {
        format!("the {platform} account {} is linked to {person} no more", account.address())
    });
    office.close(said).await
}
