//! A bank beside the site: a resource server for whose actions nobody is asked, so that thousands of
//! credentials are there within seconds.

use std::{fs, io::Write};

use countersign_sandbox::demo;

use super::{Site, write_secret};
use crate::{database::Engine, failure::Failure, tools::Tools};

pub(crate) const BANK: &str = "https://bank.example/";
pub(crate) const BANK_KEY: &str = "cs_bank_0123456789abcdefghijklmnopqrstuv";
/// The action that the bank executes.
pub(crate) const PAYOUT: &str = "payout.start";

const RULE: &str = "rules:
  - name: payouts at once
    if: { action: payout.start }
    pre_approve: { valid_for: 8h }
    credential: { single_use: true, bound_to: [action, params, session], valid_for: 5m }
";

const ACTION: &str = "actions:
  payout.start: { title: Pay out, description: \"Pay what is due\", risk: low, owner: payments, \
    env: prod, access: read, params: { amount: decimal } }
";

impl Site {
    /// The same company, with the bank.
    pub(crate) async fn with_bank(engine: &Engine, tools: &Tools) -> Result<Self, Failure> {
        let site = Self::make(engine, &tools.folder, tools.receiver).await?;
        fs::write(site.path("policy.yaml"), demo::POLICY.replace("rules:\n", RULE))?;
        fs::write(site.path("catalogue.yaml"), demo::CATALOGUE.replace("actions:\n", ACTION))?;
        write_secret(&site.path("bank.key"), BANK_KEY)?;
        let mut file = fs::File::options().append(true).open(site.path("countersign.yaml"))?;
        writeln!(file, "encryption_key: {{ file: encryption.key }}")?;
        writeln!(
            file,
            "resource_servers: [{{ id: \"{BANK}\", api_keys: [{{ file: bank.key }}] }}]"
        )?;
        Ok(site)
    }
}
