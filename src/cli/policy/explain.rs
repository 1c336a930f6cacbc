//! `countersign policy explain`: what would become of a request, and why. Nothing is stored, nobody
//! is asked, and no directory is called.

use std::{collections::BTreeSet, fmt::Write, io::Read, path::PathBuf};

use clap::Args;
use countersign_port::text::Untrusted;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Which;
use crate::{
    adapters,
    cli::{End, Failure, output},
    clock::{Clock, Seeds},
    config::Config,
    domain::{
        card,
        client::Client,
        id::{Group, RequestId},
        link::Level,
        plan::{Ask, NumberCheck, Plan, StandIns, TraceVerdict},
        request::AccessRequest,
    },
    http::submit,
    law::{
        Law,
        planning::{Asking, Explained},
    },
};

/// What to explain.
#[derive(Debug, Args)]
pub struct Explain {
    /// The body of the request as JSON, as in the API; `-` for stdin.
    request: PathBuf,
    #[command(flatten)]
    which: Which,
    /// The registered client that sends it; may be left out where there is only one.
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// When it is asked, such as `2026-12-24T18:00:00Z`; now, if left out. Calendars care.
    #[arg(long)]
    at: Option<Timestamp>,
    /// As JSON, one object.
    #[arg(long)]
    json: bool,
}

/// Explains one request. Whatever is refused is a no.
pub fn run(explain: &Explain) -> Result<End, Failure> {
    let (config, sources) = explain.which.read()?;
    let known = adapters::known(&config);
    let law = Law::parse(&sources, &known).map_err(|faulty| output::law_faults(&faulty))?;
    let client = client(&config, explain.client.as_deref())?;
    let servers = config.resource_servers.iter().map(|server| server.id.clone()).collect();
    let request = request(explain, client, &servers)?;
    let asking = Asking { client, request: &request, platforms: &known.platforms };
    let items = law.explain(&asking)?;
    if explain.json {
        output::data(&serde_json::to_string_pretty(&as_json(&items)?)?);
    } else {
        for (item, explained) in request.items.iter().zip(&items) {
            let parts = item.parts().len();
            let what = output::count(parts, "part", "parts");
            output::data(&format!("{} on {}, {what}", item.action.name, item.resource.id));
            tell(explained, &law, request.opened_at);
        }
    }
    let refused = items.iter().any(|item| item.verdict.is_err());
    Ok(if refused { End::No } else { End::Yes })
}

fn client<'a>(config: &'a Config, id: Option<&str>) -> Result<&'a Client, Failure> {
    let mut clients = config.clients.iter().map(|client| &client.client);
    let all = || config.clients.iter().map(|client| client.client.id.as_str());
    let named = |id: &str| format!("no client `{id}`: {}", all().collect::<Vec<_>>().join(", "));
    match (id, config.clients.len()) {
        (Some(id), _) => {
            clients.find(|client| client.id.as_str() == id).ok_or_else(|| named(id).into())
        }
        (None, 1) => clients.next().ok_or_else(|| "no client is registered".into()),
        (None, _) => Err(format!(
            "say which client asks, with --client: {}",
            all().collect::<Vec<_>>().join(", ")
        )
        .into()),
    }
}

fn request(
    explain: &Explain,
    client: &Client,
    servers: &BTreeSet<String>,
) -> Result<AccessRequest, Failure> {
    let now = explain.at.unwrap_or_else(|| Clock::system().now());
    let draft = submit::read(&read(&explain.request)?, client, servers, now)?;
    let id = RequestId::from_handle(Seeds::system().seed().ids(now).handle());
    Ok(draft.open(id, client.id.clone(), now))
}

fn read(path: &PathBuf) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    if path.as_os_str() == "-" {
        std::io::stdin().read_to_end(&mut body)?;
        return Ok(body);
    }
    std::fs::read(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()).into())
}

fn tell(explained: &Explained, law: &Law, now: Timestamp) {
    for line in &explained.trace {
        let mark = match line.verdict {
            TraceVerdict::Matched => '✔',
            TraceVerdict::Skipped => '·',
        };
        let part = Untrusted::new(&line.part).display();
        output::data(&format!("  {mark} {part}: {}", line.sentence()));
    }
    match &explained.verdict {
        Ok(plan) => answer(plan, &explained.deciders, law, now).iter().for_each(|line| {
            output::data(line);
        }),
        Err(refusal) => output::data(&format!("refused: {refusal}")),
    }
}

fn answer(plan: &Plan, deciders: &[Vec<Vec<String>>], law: &Law, now: Timestamp) -> Vec<String> {
    let rules = plan.rules.join(", ");
    let mut lines = vec![if plan.is_pre_approved() {
        format!("approved by policy, nobody is asked: {rules}")
    } else {
        format!("people are asked: {rules}")
    }];
    for (number, (step, names)) in (1..).zip(plan.steps.iter().zip(deciders)) {
        for (ask, names) in step.asks.iter().zip(names) {
            lines.push(format!("  {number}. {}", asked(ask, names, law)));
        }
    }
    let life = plan.expires_at.duration_since(now).as_secs();
    let mut terms = vec![
        format!("expires after {}", card::duration(life)),
        format!("to be used within {}", card::duration(plan.use_within_seconds)),
        format!("lives for {}", card::duration(plan.valid_for_seconds)),
    ];
    if plan.number_check == NumberCheck::Required {
        terms.push("with a number check".to_owned());
    }
    if plan.link == Level::Declared {
        terms.push("by declared accounts only".to_owned());
    }
    if plan.stand_ins == StandIns::SameGroup {
        terms.push("colleagues may stand in".to_owned());
    }
    lines.push(format!("  {}", terms.join(", ")));
    lines.extend(plan.review.as_ref().map(|review| format!("  {}", review.words())));
    lines.extend(plan.brakes.iter().map(|brake| format!("  {}", brake.words())));
    if !plan.excluded.is_empty() {
        let names = plan.excluded.iter().map(|id| {
            law.people.get(id).map_or_else(|| id.to_string(), |person| person.name.clone())
        });
        lines.push(format!("  never counts: {}", names.collect::<Vec<_>>().join(", ")));
    }
    lines
}

fn asked(ask: &Ask, names: &[String], law: &Law) -> String {
    let who = if names.is_empty() { elsewhere(&ask.from, law) } else { names.join(", ") };
    let Ask { count, channel, .. } = ask;
    let mut words = format!("{count} from {} in {}: {who}", ask.group_names(), channel.name);
    if let Some(escalate) = &ask.escalate {
        let after = card::duration(escalate.after_seconds);
        // Writing to a `String` cannot fail.
        let _ = write!(words, "; after {after} in {} too", escalate.to.name);
    }
    if let Some(every) = ask.remind_every_seconds {
        let _ = write!(words, "; reminded every {}", card::duration(every));
    }
    words
}

/// Nobody is known here: who could be is in the books of somebody else.
fn elsewhere(groups: &[Group], law: &Law) -> String {
    let sources = groups.iter().filter_map(|group| law.policy.groups.get(group));
    let sources: Vec<String> =
        sources.map(|source| format!("{} {}", source.kind, source.value)).collect();
    if sources.is_empty() {
        return "nobody is left".to_owned();
    }
    format!("whoever is in {} then", sources.join(" and "))
}

/// The words of `dry_run`, and a status for what is refused.
fn as_json(items: &[Explained]) -> Result<Value, Failure> {
    let items = items.iter().map(submit::preview_of).collect::<Result<Vec<Value>, _>>()?;
    Ok(json!({ "items": items }))
}
