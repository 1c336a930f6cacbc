//! The body of a request, from flags or from a file.

use std::{io::Read, path::PathBuf};

use clap::Args;
use serde_json::{Map, Value, json};

use crate::{cli::Failure, clock::Seeds};

/// What to ask for.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("source").required(true).args(["file", "subject"]))]
pub(super) struct Ask {
    /// The whole body as JSON, as in the API; `-` for stdin.
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["client", "scopes", "action"])]
    file: Option<PathBuf>,
    /// On whose behalf.
    #[arg(long, value_name = "ID")]
    subject: Option<String>,
    /// The OAuth client that wants the access; without it, whoever asks.
    #[arg(long, value_name = "ID", requires = "subject")]
    client: Option<String>,
    /// The name of that client.
    #[arg(long, value_name = "NAME", requires = "client")]
    client_name: Option<String>,
    /// A scope; may be given several times.
    #[arg(long = "scope", value_name = "SCOPE", requires = "subject")]
    scopes: Vec<String>,
    /// An action, instead of or beside scopes.
    #[arg(long, value_name = "NAME", requires = "subject")]
    action: Option<String>,
    /// What the action is done to: `TYPE:ID`.
    #[arg(long, value_name = "TYPE:ID", requires = "action", value_parser = resource)]
    resource: Option<(String, String)>,
    /// A parameter of the action; the value is JSON, or else text. May be given several times.
    #[arg(long = "parameter", value_name = "NAME=VALUE", requires = "action", value_parser = pair)]
    parameters: Vec<(String, Value)>,
    /// Why, for the people who are asked.
    #[arg(long, value_name = "TEXT", requires = "subject")]
    justification: Option<String>,
    /// Where it takes effect.
    #[arg(long, value_name = "NAME", requires = "subject")]
    environment: Option<String>,
    /// Asks once, however often this is run with the same key.
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// Say what would happen; nothing is stored and nobody is asked.
    #[arg(long, conflicts_with = "wait")]
    dry_run: bool,
    /// Wait until it is decided, for so many seconds at most.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "86400")]
    pub(super) wait: Option<u64>,
}

impl Ask {
    /// The body as it is sent.
    pub(super) fn body(&self) -> Result<Value, Failure> {
        let mut body = match &self.file {
            Some(path) => serde_json::from_str(&read(path)?)?,
            None => self.body_of_flags(),
        };
        if self.dry_run {
            let members = body.as_object_mut().ok_or("the body is not a JSON object")?;
            members.insert("dry_run".to_owned(), true.into());
        }
        Ok(body)
    }

    /// The idempotency key: the given one, or a fresh one that can be given again.
    pub(super) fn key(&self, seeds: &Seeds) -> String {
        let fresh = || hex::encode(seeds.seed().0.get(..16).unwrap_or_default());
        self.idempotency_key.clone().unwrap_or_else(fresh)
    }

    pub(super) fn is_rehearsal(&self) -> bool {
        self.dry_run
    }

    fn body_of_flags(&self) -> Value {
        let named = |name: &Option<String>| name.as_ref().map(|name| json!({ "name": name }));
        let parameters: Map<String, Value> = self.parameters.iter().cloned().collect();
        let context = [
            ("justification", self.justification.as_ref().map(|text| json!(text))),
            ("environment", self.environment.as_ref().map(|text| json!(text))),
            ("parameters", (!parameters.is_empty()).then(|| json!(parameters))),
        ];
        let client = self.client.as_ref().map(|id| {
            let name = self.client_name.as_ref().map(|name| json!(name));
            object([("id", Some(json!(id))), ("name", name)])
        });
        let scope = (!self.scopes.is_empty()).then(|| json!({ "scope": self.scopes.join(" ") }));
        let resource = self.resource.as_ref().map(|(kind, id)| json!({ "type": kind, "id": id }));
        object([
            ("subject", self.subject.as_ref().map(|id| json!({ "type": "user", "id": id }))),
            ("client", client),
            ("action", named(&self.action)),
            ("resource", resource),
            ("requested_access", scope),
            ("context", Some(object(context))),
        ])
    }
}

/// The members that there are.
fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let members = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(members.collect())
}

fn read(path: &PathBuf) -> Result<String, Failure> {
    let mut text = String::new();
    if path.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text)?;
    } else {
        text = std::fs::read_to_string(path)
            .map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    }
    Ok(text)
}

fn resource(text: &str) -> Result<(String, String), String> {
    let (kind, id) = text.split_once(':').ok_or("write TYPE:ID")?;
    Ok((kind.to_owned(), id.to_owned()))
}

fn pair(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
    Ok((name.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        ask: Ask,
    }

    fn ask(words: &[&str]) -> Result<Ask, clap::Error> {
        Line::try_parse_from(["create"].iter().chain(words)).map(|line| line.ask)
    }

    #[test]
    fn flags_make_the_body_of_the_api() {
        let words = "--subject ana --client crm --scope a:read --scope b --action pay \
            --resource account:7 --parameter amount=12500 --parameter to=x --dry-run";
        let words: Vec<&str> = words.split_whitespace().collect();
        let body = ask(&words).expect("flags").body().expect("a body");
        let expected = json!({
            "subject": { "type": "user", "id": "ana" },
            "client": { "id": "crm" },
            "action": { "name": "pay" },
            "resource": { "type": "account", "id": "7" },
            "requested_access": { "scope": "a:read b" },
            "context": { "parameters": { "amount": 12500, "to": "x" } },
            "dry_run": true,
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn whoever_names_no_client_asks_for_itself() {
        let body = ask(&["--subject", "ana", "--scope", "a"]).expect("flags").body();
        assert_eq!(body.expect("a body").get("client"), None);
    }

    #[test]
    fn half_a_request_is_misuse() {
        for words in [&[][..], &["--client", "crm"], &["--file", "x", "--scope", "a"]] {
            assert!(ask(words).is_err(), "{words:?}");
        }
    }
}
