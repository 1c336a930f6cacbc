//! `countersign revoke`: an operator takes back what was approved, on the database itself. The client
//! is called back by the service, as about everything else.

use clap::Args;
use secrecy::ExposeSecret;
use serde_json::json;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{ConfigFile, End, Failure, output, people::away::OPERATOR};
use crate::{
    clock::{Clock, Seeds},
    config::Config,
    domain::{
        access::{
            Act, Command, Refused, Reply,
            revoke::{self, Operator, What},
            slice::View,
        },
        id::RequestId,
        outcome::Status,
    },
    ledger::Ledger,
    store::{Store, load},
};

/// Which approval, by whom and why.
#[derive(Debug, Args)]
pub struct Revoke {
    #[command(flatten)]
    file: ConfigFile,
    /// The request that was approved: `arq_…`.
    id: String,
    /// Why; it stands in the audit log.
    #[arg(long)]
    reason: Option<String>,
    /// Who does it; it stands in the audit log.
    #[arg(long, value_name = "NAME", env = "USER")]
    by: Option<String>,
    /// JSON instead of words.
    #[arg(long)]
    json: bool,
}

/// Does it. Ends with 1 where there is nothing to take back.
pub async fn run(revoke: Revoke) -> Result<End, Failure> {
    let id: RequestId = revoke.id.parse()?;
    let config = output::config(&revoke.file.config)?;
    let store = Store::existing(config.database.expose_secret()).await?;
    let operator = Operator { actor: OPERATOR.to_owned(), name: revoke.by, reason: revoke.reason };
    let said = match submit(&config, &store, &id, operator).await {
        Ok(view) => Ok(view),
        Err(why) => Err(refusal(&store, &id, why).await?),
    };
    store.close().await;
    let view = said?;
    let approval = view.approval.as_ref().map(|approval| approval.id.to_string());
    let approval = approval.unwrap_or_default();
    if revoke.json {
        let credentials: Vec<&str> = view.credentials.iter().map(|own| own.jti.as_str()).collect();
        let status = "revoked";
        let line =
            json!({ "id": id, "approval": approval, "status": status, "credentials": credentials });
        output::data(&line.to_string());
    } else {
        output::data(&format!(
            "{id}: the approval {approval} is revoked, and its credential with it"
        ));
    }
    Ok(End::Yes)
}

/// By way of the ledger, as every change: it locks first, whichever process else is writing.
async fn submit(config: &Config, store: &Store, id: &RequestId, operator: Operator) -> Reply {
    let (tasks, close) = (TaskTracker::new(), CancellationToken::new());
    let ledger = Ledger::start(store, &Clock::system(), &config.public_url, &tasks, &close);
    let revoke = revoke::Revoke { request: id.clone(), what: What::Approval(operator) };
    let command = Command { seed: Seeds::system().seed(), act: Act::Revoke(revoke) };
    let reply = ledger.submit(command).await;
    close.cancel();
    tasks.close();
    tasks.wait().await;
    reply
}

/// Why nothing was revoked.
async fn refusal(store: &Store, id: &RequestId, why: Refused) -> Result<Failure, Failure> {
    let mut connection = store.read.acquire().await?;
    let view = load::read_one(&mut connection, id).await?;
    Ok(match (view, why) {
        (_, Refused::Unavailable) => {
            "the database could not take it: nothing was revoked, try again".into()
        }
        (None, _) => format!("there is no request `{id}`").into(),
        (Some(view), _) => format!("nothing is revoked: {}", state(&view)).into(),
    })
}

fn state(view: &View) -> String {
    let status = view.outcome.as_ref().map_or(Status::Pending, |outcome| outcome.status);
    match &view.approval {
        Some(approval) => format!("the approval is `{}` already", approval.status.as_str()),
        None => format!("the request is `{}`, so that there is no approval", status.as_str()),
    }
}
