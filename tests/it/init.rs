//! `countersign init`: what it writes can be checked at once, and says what is missing.

use std::fs;

use crate::running::{Said, run};

async fn check(folder: &str) -> Said {
    run(&["check", "--config", &format!("{folder}/countersign.yaml")], &[]).await
}

#[tokio::test]
async fn a_first_configuration_has_no_faults() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    let said = run(&["init", folder], &[]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.err.contains("countersign doctor"), "{}", said.err);
    let said = check(folder).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let again = run(&["init", folder], &[]).await;
    assert_eq!(again.code, Some(1));
    assert!(again.err.contains("exists"), "{}", again.err);
}

#[tokio::test]
async fn a_configuration_for_slack_waits_for_its_secrets_alone() {
    const SECRETS: [&str; 2] = ["slack-signing.secret", "slack-client.secret"];
    const SOCKET_SECRETS: [&str; 3] =
        ["slack-signing.secret", "slack-app.token", "slack-bot.token"];
    for (socket, secrets) in [(&[][..], &SECRETS[..]), (&["--socket"], &SOCKET_SECRETS)] {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().to_str().unwrap();
        let arguments = [
            "init",
            folder,
            "--public-url=https://countersign.example",
            "--slack",
            "--team=T0SHOP",
            "--channel=C0SHOP",
        ];
        let said = run(&[&arguments, socket].concat(), &[]).await;
        assert_eq!(said.code, Some(0), "{said:?}");
        assert!(said.err.contains("https://api.slack.com/apps?new_app=1&manifest_yaml=%23"));
        let manifest = fs::read_to_string(format!("{folder}/slack-manifest.yaml")).unwrap();
        let way = if socket.is_empty() { "https://countersign.example/slack" } else { "Socket" };
        assert!(manifest.contains(way), "{manifest}");
        let said = check(folder).await;
        assert_eq!(said.code, Some(1), "{said:?}");
        assert_eq!(said.err.matches("this file is empty").count(), secrets.len(), "{}", said.err);
        for secret in secrets {
            fs::write(format!("{folder}/secrets/{secret}"), "of-slack").unwrap();
        }
        let said = check(folder).await;
        assert_eq!(said.code, Some(0), "{said:?}");
    }
}

#[tokio::test]
async fn slack_wants_a_public_address() {
    let folder = tempfile::tempdir().unwrap();
    let said = run(&["init", folder.path().to_str().unwrap(), "--slack"], &[]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("no https URL"), "{}", said.err);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was written");
}

#[tokio::test]
async fn a_configuration_for_teams_waits_for_its_secret_alone() {
    const APP: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
    for (app, is_packed) in [(&[][..], false), (&["--app-id", APP], true)] {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().to_str().unwrap();
        let arguments = ["init", folder, "--public-url=https://countersign.example.org", "--teams"];
        let said = run(&[&arguments, app].concat(), &[]).await;
        assert_eq!(said.code, Some(0), "{said:?}");
        assert!(said.err.contains("https://countersign.example.org/teams/messages"), "{said:?}");
        let script = fs::read_to_string(format!("{folder}/teams-bot.sh")).unwrap();
        assert!(script.contains("PUBLIC_URL:-https://countersign.example.org}"), "{script}");
        assert_eq!(fs::exists(format!("{folder}/countersign.zip")).unwrap(), is_packed);
        let said = check(folder).await;
        assert_eq!(said.code, Some(1), "{said:?}");
        assert_eq!(said.err.matches("this file is empty").count(), 1, "{}", said.err);
        fs::write(format!("{folder}/secrets/teams-client.secret"), "of-microsoft").unwrap();
        let said = check(folder).await;
        assert_eq!(said.code, Some(0), "{said:?}");
    }
}

#[tokio::test]
async fn teams_wants_a_public_address_and_no_slack_beside_it() {
    for more in [&["--teams"][..], &["--teams", "--app-id=x"], &["--teams", "--slack"]] {
        let folder = tempfile::tempdir().unwrap();
        let said = run(&[&["init", folder.path().to_str().unwrap()], more].concat(), &[]).await;
        assert_ne!(said.code, Some(0), "{said:?}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was written");
    }
}

#[tokio::test]
async fn a_configuration_for_keycloak_says_what_to_set_there() {
    const REALM: &str = "https://sso.example.com/realms/acme";
    for chat in [&[][..], &["--teams"]] {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().to_str().unwrap();
        let url = "--public-url=https://countersign.example.org";
        let own = ["init", folder, url, "--keycloak", REALM, "--keycloak-client", "crm-backend"];
        let said = run(&[&own[..], chat].concat(), &[]).await;
        assert_eq!(said.code, Some(0), "{said:?}");
        let secret = fs::read_to_string(format!("{folder}/secrets/keycloak-path.key")).unwrap();
        assert!(!said.err.contains(&secret), "the secret is not on the screen: {}", said.err);
        for words in [
            "http-authentication-channel-uri=\"https://countersign.example.org/keycloak/main/$(cat ",
            "update realms/acme -s attributes.cibaBackchannelTokenDeliveryMode=poll",
            "clientId=crm-backend",
        ] {
            assert!(said.err.contains(words), "{words}: {}", said.err);
        }
        let config = fs::read_to_string(format!("{folder}/countersign.yaml")).unwrap();
        assert!(config.contains("realm_expires_in: 600"), "{config}");
        let said = check(folder).await;
        // Only the secret of the bot is for the operator to fill in.
        assert_eq!(said.code, Some(i32::from(!chat.is_empty())), "{said:?}");
        assert_eq!(said.err.matches("this file is empty").count(), chat.len(), "{}", said.err);
    }
}

#[tokio::test]
async fn keycloak_is_named_by_its_realm() {
    let folder = tempfile::tempdir().unwrap();
    let arguments =
        ["init", folder.path().to_str().unwrap(), "--keycloak", "https://sso.example.com"];
    let said = run(&arguments, &[]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("its issuer ends in `/realms/` and a name"), "{}", said.err);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was written");
}
