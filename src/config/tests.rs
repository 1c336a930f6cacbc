//! The file that documents every key keeps its promises, and faults are shown where they stand.

use std::{collections::BTreeSet, path::Path};

use countersign_teams::settings::{Auth, Cloud, Credential, ServiceHosts};

use super::*;
use crate::domain::{
    diagnostic::Paint,
    policy::Trust,
    right::{Right, Rights},
    yaml::{Entry, Value},
};

const KEY: &str = "cs_crm_0123456789abcdefghijklmnopqrstuvwx";
const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

fn environment() -> Environment {
    Environment::from([
        ("COUNTERSIGN_KEY", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
        ("CRM_API_KEY", KEY),
        ("CRM_DASHBOARD_KEY", "cs_dash_0123456789abcdefghijklmnopqrstuvwx"),
        ("CRM_WEBHOOK_SECRET", SECRET),
        ("CRM_TOKEN_SECRET", "abc"),
        ("CRM_REFRESH_TOKEN", "abc"),
        ("CRM_SIGNING_KEY", "whsk_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
        ("SANDBOX_KEY", "0123456789abcdef0123456789abcdef"),
        ("SLACK_SIGNING_SECRET", "8f742231b10e8888abcd99yyyzzz85a5"),
        ("SLACK_BOT_TOKEN", "xoxb-1-2-abc"),
        ("SLACK_CLIENT_SECRET", "0123456789abcdef0123456789abcdef"),
        ("SLACK_APP_TOKEN", "xapp-1-A0123-1-abc"),
        ("TEAMS_CLIENT_SECRET", "abc~0123456789"),
        ("KEYCLOAK_PATH", "0123456789abcdef0123456789abcdef"),
        ("SIEM_KEY", "cs_siem_0123456789abcdefghijklmnopqrstuvwx"),
        ("SIGN_IN_SECRET", "abc"),
        ("ON_CALL_TOKEN", "abc"),
        ("PAGERDUTY_TOKEN", "abc"),
        ("GRAPH_SECRET", "abc"),
        ("OKTA_SCIM_KEY", "cs_okta_0123456789abcdefghijklmnopqrstuvwx"),
        ("API_SERVER_KEY", "cs_api_0123456789abcdefghijklmnopqrstuvwx"),
    ])
}

fn parse(text: &str, environment: &Environment) -> Result<Config, Page> {
    Config::parse("countersign.yaml", text, Path::new("/etc/countersign"), environment)
}

#[track_caller]
fn parsed(text: &str) -> Config {
    parse(text, &environment()).map_err(|page| page.render(Paint::Plain)).unwrap()
}

#[track_caller]
fn faults(text: &str, environment: &Environment) -> String {
    parse(text, environment).expect_err("this configuration is faulty").render(Paint::Plain)
}

/// The default file with its examples switched on.
fn with_examples() -> String {
    let lines = DEFAULT.lines().filter(|line| !line.ends_with(": []") || line.starts_with(' '));
    let uncommented = lines.filter_map(|line| match line.trim_start().strip_prefix('#') {
        None => Some(line.to_owned()),
        Some(rest) if rest.starts_with("ca_file") => None,
        Some(rest) if rest.starts_with("  ") => Some(rest.to_owned()),
        Some(rest) if rest.starts_with(|first: char| first.is_ascii_lowercase()) => {
            Some(rest.to_owned())
        }
        Some(_) => None,
    });
    let prose = |line: &String| !line.starts_with("   COUNTERSIGN");
    uncommented.filter(prose).map(|line| line + "\n").collect()
}

#[test]
fn the_defaults_of_the_file_are_those_of_the_program() {
    assert_eq!(format!("{:?}", parsed(DEFAULT)), format!("{:?}", parsed("{}")));
}

#[test]
fn the_examples_of_the_file_are_good() {
    let config = parsed(&with_examples());
    let [client] = config.clients.as_slice() else { panic!("one client") };
    assert_eq!(client.client.id.as_str(), "crm");
    assert_eq!((client.api_keys.len(), client.webhook_secrets.len()), (1, 1));
    assert!(client.signer.is_some());
    assert_eq!(client.tokens.len(), 1);
    assert_eq!((config.auditors.len(), config.issuers.len()), (1, 1));
    assert_eq!(config.encryption_keys.len(), 1);
    assert_eq!(config.sandbox.unwrap().channels, ["approvals"]);
    let slack = config.slack.unwrap();
    assert_eq!(slack.workspaces[0].team, "T0123");
    assert_eq!(slack.install.unwrap().enterprises, ["E0789"]);
    let teams = config.teams.unwrap();
    assert_eq!(teams.auth, Auth::Connector);
    assert_eq!(format!("{:?}", teams.service_hosts), format!("{:?}", public_hosts()));
    assert_eq!(config.policy, Path::new("/etc/countersign/policy.yaml"));
}

#[test]
fn the_file_names_every_key() {
    let text = with_examples().replace("egress:\n", "egress:\n  ca_file: x\n");
    let root = yaml::parse(&text, &mut Faults::new()).unwrap();
    assert_eq!(names(&root), KEYS.iter().copied().collect());
    assert_eq!(names(member(&root, "limits")), LIMIT_KEYS.iter().copied().collect());
    assert_eq!(names(member(&root, "egress")), outbound::KEYS.iter().copied().collect());
    assert_eq!(names(member(&root, "sandbox")), sandbox::KEYS.iter().copied().collect());
    let slack = member(&root, "slack");
    assert_eq!(names(slack), slack::KEYS.iter().copied().collect());
    assert_eq!(
        names(first(member(slack, "workspaces"))),
        slack::WORKSPACE_KEYS.iter().copied().collect()
    );
    assert_eq!(names(member(slack, "install")), slack::INSTALL_KEYS.iter().copied().collect());
    let mut teams = names(member(&root, "teams"));
    teams.insert("assertion_file");
    assert_eq!(teams, teams::KEYS.iter().copied().collect());
    let realms = first(member(&root, "keycloak"));
    assert_eq!(names(realms), keycloak::KEYS.iter().copied().collect());
    let client = first(member(&root, "clients"));
    assert_eq!(names(client), client::KEYS.iter().copied().collect());
    let mut callback_token = names(member(client, "callback_token"));
    callback_token.extend(["assertion_file", "private_key", "key_id", "audience"]);
    assert_eq!(callback_token, callback_token::KEYS.iter().copied().collect());
    let actor = first(member(client, "actors"));
    assert_eq!(names(actor), actor::KEYS.iter().copied().collect());
    let token = first(member(client, "tokens"));
    assert_eq!(names(token), client::TOKEN_KEYS.iter().copied().collect());
    let deputy = first(member(client, "deputies"));
    assert_eq!(names(deputy), deputy::KEYS.iter().copied().collect());
    let auditor = first(member(&root, "auditors"));
    assert_eq!(names(auditor), client::AUDITOR_KEYS.iter().copied().collect());
    let hydra = names(member(&root, "hydra"));
    assert_eq!(hydra, hydra::KEYS.iter().copied().collect());
    let signing_in = names(member(&root, "sign_in"));
    assert_eq!(signing_in, sign_in::KEYS.iter().copied().collect());
    let server = first(member(&root, "resource_servers"));
    assert_eq!(names(server), client::SERVER_KEYS.iter().copied().collect());
    let mut challenges = names(member(server, "challenges"));
    challenges.insert("jwks_file");
    assert_eq!(challenges, issuer::CHALLENGE_KEYS.iter().copied().collect());
    let provider = first(member(&root, "scim"));
    assert_eq!(names(provider), scim::KEYS.iter().copied().collect());
    let schedule = first(member(&root, "on_call"));
    assert_eq!(names(schedule), directory::ON_CALL_KEYS.iter().copied().collect());
    let pagerduty = names(member(&root, "pagerduty"));
    assert_eq!(pagerduty, directory::PAGERDUTY_KEYS.iter().copied().collect());
    let entra = names(member(&root, "entra"));
    assert_eq!(entra, directory::ENTRA_KEYS.iter().copied().collect());
    let mut issuer = names(first(member(&root, "issuers")));
    issuer.insert("jwks_file");
    let subject = member(first(member(&root, "issuers")), "subject_tokens");
    assert_eq!(names(subject), issuer::SUBJECT_KEYS.iter().copied().collect());
    assert_eq!(issuer, issuer::KEYS.iter().copied().collect());
}

#[test]
fn a_client_in_the_mode_of_the_profile_needs_https_and_a_key() {
    let page = faults(
        "listen: 127.0.0.1:8080\n\
         public_url: http://127.0.0.1:8080\n\
         clients: [{ id: gate, scopes: [], api_keys: [{ env: CRM_API_KEY }], mode: arap }]\n",
        &environment(),
    );
    assert!(page.contains("`arap` needs a `public_url` with https"), "{page}");
    assert!(page.contains("give an `encryption_key`"), "{page}");
}

#[test]
fn every_fault_is_shown_at_once_where_it_stands() {
    insta::assert_snapshot!(faults(
        "listen: here\n\
         public_url: http://countersign.example.com\n\
         clientz: []\n\
         clients:\n\
         - { id: crm, scopes: [], api_keys: [{ env: NOWHERE }], mode: arap }\n\
         - { id: crm, name: CRM, scopes: ['*'], callbacks: ['http://a.example/'] }\n\
         limits: { requests_per_second: 0 }\n\
         egress: { allow: [10.0.0.1/8] }\n",
        &environment(),
    ));
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_printed() {
    let page = faults(
        "database: postgres://countersign:hunter2@db/x\n\
         clients:\n\
         - { id: crm, scopes: ['*'], api_keys: cs_crm_hunter2hunter2hunter2hunter2hunter2 }\n",
        &environment(),
    );
    assert!(!page.contains("hunter2"), "{page}");
    insta::assert_snapshot!(page);
}

#[test]
fn the_environment_overrides_single_values() {
    let environment = Environment::from([
        ("COUNTERSIGN_LISTEN", "127.0.0.1:9999"),
        ("COUNTERSIGN_LIMITS__REQUESTS_PER_SECOND", "7"),
        ("COUNTERSIGN_CLIENTS__0__TRUST", "trusted"),
        ("COUNTERSIGN_DATABASE", "postgres://me:secret@db/x"),
        ("COUNTERSIGN_SOMETHING_ELSE", "is not ours"),
        ("CRM_API_KEY", KEY),
    ]);
    let text = "clients: [{ id: crm, scopes: ['*'], api_keys: { env: CRM_API_KEY } }]";
    let config = parse(text, &environment).unwrap();
    assert_eq!(config.listen.port(), 9999);
    let client = config.clients.first().unwrap();
    assert_eq!((client.client.trust, client.requests_per_second), (Trust::Trusted, 7));
}

#[test]
fn a_fault_of_the_environment_is_shown_as_one() {
    let environment = Environment::from([
        ("COUNTERSIGN_CLIENTS__3__TRUST", "trusted"),
        ("COUNTERSIGN_LIMITS", "7"),
        ("COUNTERSIGN_LIMITS__REQUEST_PER_SECOND", "7"),
        ("COUNTERSIGN_LISTEN", "everywhere"),
    ]);
    insta::assert_snapshot!(faults("limits: {}\nclients: []\n", &environment));
}

#[test]
fn who_is_called_back_has_a_secret_to_be_told_by() {
    for secret in ["", ", webhook_secret: []", ", webhook_signing_key: { env: CRM_SIGNING_KEY }"] {
        let text = format!(
            "clients: [{{ id: crm, scopes: ['*'], api_keys: {{ env: CRM_API_KEY }}, \
             callbacks: ['https://a.example/']{secret} }}]"
        );
        let page = faults(&text, &environment());
        assert!(page.contains("callbacks are signed"), "{secret}: {page}");
    }
}

#[test]
fn what_a_client_may_do_is_named_word_by_word() {
    let client = |may: &str| {
        format!(
            "clients: [{{ id: crm, scopes: ['*'], api_keys: {{ env: CRM_API_KEY }}, \
             webhook_secret: {{ env: CRM_WEBHOOK_SECRET }}{may} }}]"
        )
    };
    let rights = |may: &str| parsed(&client(may)).clients.remove(0).client.may;
    assert_eq!(rights(""), Rights::default());
    assert_eq!(rights(", may: [evaluate, request, read, result, cancel]"), Rights::default());
    let reads = rights(", may: [read]");
    assert!(reads.has(Right::Read) && !reads.has(Right::Cancel) && !reads.has(Right::Result));
    for (may, words) in [
        (", may: [read, cancle]", "unknown value `cancle`"),
        (", may: [read, cancle]", "did you mean `cancel`?"),
        (", may: read", "expected a list"),
        (", may: []", "whoever may do nothing has no place here"),
        (", may: [read], callbacks: ['https://a.example/']", "add `result`"),
    ] {
        let page = faults(&client(may), &environment());
        assert!(page.contains(words), "{page}");
        assert_eq!(page.matches(" × ").count(), 1, "{page}");
    }
}

#[test]
fn a_deputy_says_what_it_may_do_and_who_it_is() {
    let client = |deputy: &str| {
        format!(
            "clients: [{{ id: crm, scopes: ['*'], api_keys: {{ env: CRM_API_KEY }}, \
             deputies: [{{ {deputy} }}] }}]"
        )
    };
    let good = parsed(&client("may: [read], api_keys: { env: CRM_DASHBOARD_KEY }"));
    let [one] = good.clients.as_slice() else { panic!("one client") };
    assert!(one.client.may.has(Right::Cancel) && !one.deputies[0].may.has(Right::Cancel));
    for (deputy, words) in [
        ("may: [read]", "this deputy cannot prove who it is"),
        ("api_keys: { env: CRM_DASHBOARD_KEY }", "`may` is missing"),
        ("may: [write], api_keys: { env: CRM_DASHBOARD_KEY }", "unknown value `write`"),
        ("may: [read], api_keys: { env: CRM_API_KEY }", "two API keys have the prefix `crm`"),
        ("may: [read], tokens: [{ issuer: x, client_id: y }]", "`x` is not among the `issuers`"),
        ("may: [read], webhook_secret: x", "unknown key `webhook_secret`"),
    ] {
        let page = faults(&client(deputy), &environment());
        assert!(page.contains(words), "{deputy}: {page}");
    }
}

#[cfg(unix)]
#[test]
fn a_secret_that_everybody_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    let text = format!(
        "clients: [{{ id: crm, scopes: ['*'], api_keys: {{ file: {} }} }}]",
        file.display()
    );
    fs::write(&file, format!("{KEY}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o604)).unwrap();
    assert!(faults(&text, &environment()).contains("everybody may read"));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(parsed(&text).clients.len(), 1);
}

#[test]
fn two_callers_cannot_share_a_key_and_a_public_address_needs_a_public_url() {
    let page = faults(
        "listen: 0.0.0.0:80\n\
         clients: [{ id: crm, scopes: ['*'], api_keys: { env: CRM_API_KEY } }]\n\
         auditors: [{ id: siem, api_keys: { env: CRM_API_KEY } }]\n",
        &environment(),
    );
    assert!(page.contains("two API keys have the prefix `crm`"), "{page}");
    assert!(page.contains("`public_url` is missing"), "{page}");
}

#[test]
fn a_token_for_callbacks_is_refused_until_it_could_be_had() {
    let page = faults(
        "clients:\n  - id: crm\n    scopes: ['*']\n    api_keys: { env: CRM_API_KEY }\n    \
         callback_token: { token_endpoint: 'http://sso.example/token', auth: header, \
         client_secret: { env: CRM_TOKEN_SECRET }, assertion_file: token }\n",
        &environment(),
    );
    for words in [
        "access tokens are kept sealed: give an `encryption_key`",
        "a token for callbacks is of no use without `callbacks`",
        "`http://sso.example/token` cannot be asked for a token: http is for addresses in",
        "`client_id` is missing",
        "`header`",
        "there is one proof of who asks: `client_secret`, `private_key` or `assertion_file`",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[test]
fn slack_is_refused_until_it_could_work() {
    let page = faults(
        "slack:\n  workspaces: [{ team: shop, bot_token: { env: SLACK_BOT_TOKEN } }]\n  \
         install: { client_id: '1.2', client_secret: { env: SLACK_CLIENT_SECRET } }\n  \
         api_url: slack.com\n",
        &environment(),
    );
    for words in [
        "this needs a `signing_secret`",
        "an id of Slack's, T… or E…",
        "say where it may be installed: `teams`, `enterprises` or both",
        "to be installed, slack needs the `app_id` of its app",
        "slack seals the tokens of installations: it needs an `encryption_key`",
        "an https URL",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[test]
fn teams_is_refused_until_it_could_work() {
    let page = faults(
        "teams:\n  app_id: shop\n  cloud: china\n  auth: none\n  \
         client_secret: { env: TEAMS_CLIENT_SECRET }\n  assertion_file: token\n",
        &environment(),
    );
    for words in [
        "expected an id such as",
        "`tenant_id` is missing",
        "a bot has one proof: `client_secret` or `assertion_file`",
        "nobody says where this cloud is: it needs `service_hosts`",
        "teams seals what it learns of installations: it needs an `encryption_key`",
        "`none`",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let page = faults(&teams("listen: 127.0.0.1:1", "  service_hosts: ['a b']"), &environment());
    assert!(page.contains("countersign.yaml:6:19"), "{page}");
}

#[test]
fn an_assertion_is_read_beside_the_configuration_and_ids_in_small_letters() {
    let teams = parsed(&teams("listen: 127.0.0.1:1", "")).teams.unwrap();
    assert_eq!(teams.tenant_id, "11111111-2222-4333-8444-55555555555a");
    assert_eq!(format!("{:?}", teams.service_hosts), format!("{:?}", public_hosts()));
    let Credential::Assertion(path) = teams.credential else { panic!("an assertion") };
    assert_eq!(path, Path::new("/etc/countersign/token"));
}

#[test]
fn another_cloud_is_told_by_its_addresses() {
    let ours = "  openid_metadata_url: https://keys.example/openid\n  \
        token_url: http://127.0.0.1:9/token";
    let authority = parsed(&teams("listen: 127.0.0.1:1", ours)).teams.unwrap().authority;
    assert_eq!(authority.openid_metadata_url.as_str(), "https://keys.example/openid");
    assert_eq!(authority.token_url.as_str(), "http://127.0.0.1:9/token");
    assert_eq!(authority.issuer, "https://api.botframework.com");
    for url in ["http://keys.example/openid", "http://localhost/openid", "keys", "file:///etc/keys"]
    {
        let line = format!("  openid_metadata_url: {url}");
        let page = faults(&teams("listen: 127.0.0.1:1", &line), &environment());
        assert!(page.contains("expected an https URL, or http to 127.0.0.1"), "{url}: {page}");
    }
}

#[test]
fn calls_go_unchecked_on_this_machine_alone() {
    let local = "  service_hosts: [127.0.0.1]\n  auth: insecure-local";
    let public = "listen: 0.0.0.0:80\npublic_url: https://countersign.example.com";
    let far = "  service_hosts: [127.0.0.1, smba.trafficmanager.net]\n  auth: insecure-local";
    let config = parsed(&teams("listen: 127.0.0.1:1", local));
    assert_eq!(config.teams.unwrap().auth, Auth::InsecureLocal);
    for (listen, rest) in [
        (public, local),
        ("listen: 127.0.0.1:1", far),
        ("listen: 127.0.0.1:1", "  auth: insecure-local"),
    ] {
        let page = faults(&teams(listen, rest), &environment());
        assert!(page.contains("anybody could vote"), "{page}");
    }
}

/// A configuration with a `teams` section that needs no more than this.
fn teams(listen: &str, rest: &str) -> String {
    format!(
        "{listen}\nteams:\n  app_id: aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee\n  \
         tenant_id: 11111111-2222-4333-8444-55555555555A\n  assertion_file: token\n{rest}\n\
         encryption_key: {{ env: COUNTERSIGN_KEY }}\n"
    )
}

fn public_hosts() -> ServiceHosts {
    ServiceHosts::new(Cloud::Public.service_hosts().iter().copied()).unwrap()
}

fn names(node: &Node) -> BTreeSet<&str> {
    entries(node).iter().map(|entry| entry.key.text.as_str()).collect()
}

fn member<'n>(node: &'n Node, key: &str) -> &'n Node {
    &entries(node).iter().find(|entry| entry.key.text == key).expect(key).node
}

fn entries(node: &Node) -> &[Entry] {
    let Value::Map(entries) = &node.value else { panic!("not a map") };
    entries
}

fn first(node: &Node) -> &Node {
    let Value::List(nodes) = &node.value else { panic!("not a list") };
    &nodes[0]
}

#[test]
fn a_channel_of_the_sandbox_that_stands_there_twice_is_shown() {
    let page = faults(
        "sandbox:\n  key: { env: SANDBOX_KEY }\n  channels: [shop, security, shop]\n",
        &environment(),
    );
    assert!(page.contains("the channel `shop` stands here twice"), "{page}");
    assert!(page.contains("countersign.yaml:3:30"), "{page}");
}

#[test]
fn providers_and_directories_are_refused_until_they_could_work() {
    let text = "
scim:
  - { id: Okta, api_keys: [{ env: OKTA_SCIM_KEY }] }
  - { id: okta, api_keys: [{ env: SIEM_KEY }] }
  - { id: okta, api_keys: [{ env: API_SERVER_KEY }] }
  - { api_key: x }
on_call:
  - { id: ops, url: ftp://rota.example.com }
  - { id: ops, url: \"https://rota.example.com/now\" }
  - { id: ops, url: \"https://rota.example.com/now\", token: abc }
pagerduty: { token: { env: NOWHERE } }
entra: { tenant_id: t, client_id: c, client_secret: { env: GRAPH_SECRET }, graph_url: graph }
auditors: [{ id: siem, api_keys: [{ env: SIEM_KEY }] }]
";
    let said = faults(text, &environment());
    for fault in [
        "a name of a-z, 0-9 and -, at most 32",
        "the provider `okta` stands here twice",
        "unknown key `api_key`",
        "`id` is missing",
        "`api_keys` is missing",
        "two API keys have the prefix `siem`",
        "an https URL",
        "`ops` stands here twice",
        "a secret may not stand here",
        "the environment variable `NOWHERE` is not set",
        "`account` is missing",
    ] {
        assert!(said.contains(fault), "{fault}: {said}");
    }
}

#[test]
fn an_issuer_of_subject_tokens_says_which_claims_are_believed() {
    let issuer = |more: &str| {
        format!(
            "issuers: [{{ issuer: a, jwks_uri: \"https://a.example\", subject_tokens: {{ {more} }} }}]"
        )
    };
    // How somebody signed in has one name everywhere.
    let config = parsed(&issuer("audience: app"));
    let tokens = config.issuers[0].subject_tokens.clone().unwrap();
    assert_eq!((tokens.groups_claim, tokens.roles_claim), (None, None));
    let said = faults(&issuer("groups_claim: groups"), &environment());
    assert!(said.contains("`audience` is missing"), "{said}");
    let config = parsed(&issuer("audience: [app, web], roles_claim: roles"));
    let tokens = config.issuers[0].subject_tokens.clone().unwrap();
    assert_eq!(tokens.audiences, ["app", "web"]);
    assert_eq!((tokens.subject_claim.as_str(), tokens.groups_claim), ("sub", None));
}

#[test]
fn an_actor_that_may_be_named_has_an_id() {
    let client = |actors: &str| {
        format!(
            "clients: [{{ id: gate, scopes: [a], api_keys: [{{ env: CRM_API_KEY }}], actors: {actors} }}]\n"
        )
    };
    for (actors, said) in [
        ("worker-*", "a list"),
        ("[worker-*]", "a map"),
        ("[{ issuer: https://agents.example }]", "`id` is missing"),
        ("[{ id: a, sub: b }]", "unknown key `sub`"),
        ("[{ id: [a] }]", "expected"),
    ] {
        let page = faults(&client(actors), &environment());
        assert!(page.contains(said), "{actors}: {page}");
    }
}
