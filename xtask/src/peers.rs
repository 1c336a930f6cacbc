//! `cargo xtask peers`: programs that no one here wrote judge what we send and serve. Their sources
//! and pinned versions lie under tests/peers/, one folder a peer.

mod browser;
mod credentials;
mod jcs;
mod keycloak;
mod listening;
mod oidc_provider;
mod openapi;
mod place;
mod sarif;
mod scim;
mod server;
mod sign_in;
mod slack_blocks;
mod slack_emulate;
mod slack_fake;
mod teams;
mod teams_sdk;
mod webhooks;

use clap::Args;

use crate::{
    outcome::Outcome,
    suite::{self, Suite},
    workshop::Workshop,
};

/// The peers that run on every change.
pub(crate) const ALL: &[Suite] = &[
    Suite {
        name: "jcs",
        about: "canonical JSON and its hashes agree with npm and PyPI packages",
        run: jcs::run,
    },
    Suite {
        name: "webhooks",
        about: "callbacks verify with the official packages in Node and Python",
        run: webhooks::run,
    },
    Suite {
        name: "credentials",
        about: "resource servers in Rust, Node and Python let in the same calls",
        run: credentials::run,
    },
    Suite {
        name: "keycloak",
        about: "the real Keycloak does what our fake of it does",
        run: keycloak::run,
    },
    Suite {
        name: "oidc-provider",
        about: "a certified OAuth server asks and hears by our example",
        run: oidc_provider::run,
    },
    Suite {
        name: "sign-in",
        about: "people sign in at a certified identity provider and link their accounts",
        run: sign_in::run,
    },
    Suite {
        name: "openapi",
        about: "schemathesis finds nothing that openapi.json does not say",
        run: openapi::run,
    },
    Suite {
        name: "slack-fake",
        about: "our fake Slack is like Slack, say Slack's SDKs for Node and Python",
        run: slack_fake::run,
    },
    Suite {
        name: "slack-blocks",
        about: "Slack's own packages take every message and form that we draw",
        run: slack_blocks::run,
    },
    Suite {
        name: "slack-emulate",
        about: "our client of Slack gets along with npm's `emulate`",
        run: slack_emulate::run,
    },
    Suite {
        name: "sarif",
        about: "what `policy check --sarif` writes is valid by the published schema",
        run: sarif::run,
    },
    Suite {
        name: "scim",
        about: "scim2-tester finds that our SCIM server keeps to the RFCs",
        run: scim::run,
    },
    Suite {
        name: "browser",
        about: "headless Chromium clicks through the demo",
        run: browser::run,
    },
    Suite {
        name: "teams-sdk",
        about: "our fake Teams is like Teams, say Microsoft's connector client and MSAL",
        run: teams_sdk::run,
    },
    Suite {
        name: "teams-tokens",
        about: "Microsoft's library for bots believes the tokens that we believe",
        run: teams::tokens,
    },
    Suite {
        name: "teams-cards",
        about: "Microsoft's renderer and schemas take our cards and our app package",
        run: teams::cards,
    },
];

/// Which peers to run.
#[derive(Debug, Args)]
pub(crate) struct Selection {
    /// Run these peers alone.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Name the peers and run none.
    #[arg(long)]
    list: bool,
}

/// Runs what was selected, or lists what there is.
pub(crate) fn run(shop: &Workshop, selection: &Selection) -> Outcome<()> {
    if selection.list {
        suite::list(ALL);
        return Ok(());
    }
    suite::run(shop, &suite::select(ALL, &selection.names)?)
}
