//! The files: the configuration, and the law.

use std::path::Path;

use countersign_port::finding::{Finding, Fix};

use crate::{
    adapters,
    cli::{Failure, output},
    config::Config,
    law::{Law, Sources},
};

/// Reads the configuration; its faults are shown with line and caret.
pub(super) fn configuration(path: &Path, findings: &mut Vec<Finding>) -> Option<Config> {
    match output::config(path) {
        Ok(config) => {
            let clients = output::count(config.clients.len(), "client", "clients");
            findings.push(Finding::good("configuration", format!("no faults, {clients}")));
            Some(config)
        }
        Err(failure) => {
            findings.push(Finding::bad("configuration", failure.to_string(), mend()));
            None
        }
    }
}

/// Reads policy, catalogue and people likewise.
pub(super) fn law(config: &Config, findings: &mut Vec<Finding>) -> Option<Law> {
    match read(config) {
        Ok(law) => {
            let rules = output::count(law.policy.rules.len(), "rule", "rules");
            let people = output::count(law.people.iter().count(), "person", "people");
            let means = format!("no faults, {rules}, {people}");
            findings.push(Finding::good("policy, catalogue and people", means));
            findings.push(channels(&law));
            Some(law)
        }
        Err(failure) => {
            let what = "policy, catalogue and people";
            findings.push(Finding::bad(what, failure.to_string(), mend()));
            None
        }
    }
}

fn read(config: &Config) -> Result<Law, Failure> {
    let sources = Sources::read(&config.policy, &config.catalogue, &config.people)?;
    Law::parse(&sources, &adapters::known(config)).map_err(|faulty| output::law_faults(&faulty))
}

/// An address is on a platform that is set up, or the policy would have had a fault.
fn channels(law: &Law) -> Finding {
    let what = "channels of the policy";
    let channels = law.policy.channels.values();
    let nowhere: Vec<&str> =
        channels.filter(|each| each.addresses.is_empty()).map(|each| each.name.as_str()).collect();
    if nowhere.is_empty() {
        let count = output::count(law.policy.channels.len(), "channel", "channels");
        return Finding::good(what, format!("{count}, each with an address"));
    }
    let means = format!("no card is ever seen in {}: no address", nowhere.join(", "));
    let how = "give each an address under `channels:` of the policy".to_owned();
    Finding::bad(what, means, Fix { who: "whoever writes the policy", how, page: "unroutable" })
}

fn mend() -> Fix {
    let how = "mend what is shown above and run this again".to_owned();
    Fix { who: "an operator", how, page: "does-not-start" }
}
