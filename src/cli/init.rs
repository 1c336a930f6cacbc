//! `countersign init`: a configuration to start from, with a policy that works and secrets that
//! nobody else has. Nothing that exists is overwritten.

mod chat;
mod keycloak;
mod slack;
mod teams;

use std::{
    fs,
    io::{BufRead, IsTerminal, Write},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use clap::Args;

use self::chat::Chat;
use super::{End, Failure, output};
use crate::clock::Seeds;

const CONFIG: &str = include_str!("init/countersign.yaml");
const POLICY: &str = include_str!("init/policy.yaml");
const CATALOGUE: &str = include_str!("init/catalogue.yaml");
const PEOPLE: &str = include_str!("init/people.yaml");

/// What to write. What is not given is asked for on a terminal, and has a default elsewhere.
#[derive(Debug, Args)]
pub struct Init {
    /// The folder to write to.
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// How the world will reach the service.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// `sqlite:PATH`, or `postgres://user@host/name` for several replicas.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    #[command(flatten)]
    slack: slack::Wanted,
    #[command(flatten)]
    teams: teams::Wanted,
    #[command(flatten)]
    keycloak: keycloak::Wanted,
}

/// Writes the files, and says what to do next.
pub fn run(init: &Init) -> Result<End, Failure> {
    let public_url = answer(init.public_url.as_ref(), "Public URL", "http://127.0.0.1:8080")?;
    let database = answer(init.database.as_ref(), "Database", "sqlite:countersign.db")?;
    let seeds = Seeds::system();
    let mut chat = if init.slack.slack {
        slack::chat(&init.slack, &public_url, STANDARD.encode(seeds.seed().0))?
    } else if init.teams.teams {
        teams::chat(&init.teams, &public_url, STANDARD.encode(seeds.seed().0))?
    } else {
        chat::sandbox(hex::encode(seeds.seed().0))
    };
    let secrets = keycloak::Secrets {
        path: hex::encode(seeds.seed().0),
        encryption: STANDARD.encode(seeds.seed().0),
    };
    let folder = init.folder.display().to_string();
    let keycloak = keycloak::connect(&init.keycloak, &public_url, &folder, secrets, &chat.files)?;
    let config = CONFIG.replace("{public_url}", &public_url).replace("{database}", &database);
    let config = config.replace("{tokens}", &keycloak.tokens);
    let sections = chat.section.clone() + &keycloak.section;
    let policy = POLICY.replace("{channel}", &chat.channel);
    let mut files: Vec<(_, Contents, _)> = vec![
        ("countersign.yaml", config.replace("{chat}", &sections).into(), Readers::Everybody),
        ("policy.yaml", policy.into(), Readers::Everybody),
        ("catalogue.yaml", CATALOGUE.to_owned().into(), Readers::Everybody),
        ("people.yaml", people(&chat).into(), Readers::Everybody),
    ];
    files.extend(keys(&seeds).map(|(name, text, readers)| (name, text.into(), readers)));
    files.append(&mut chat.files);
    files.extend(keycloak.files);
    refuse_to_overwrite(&init.folder, files.iter().map(|(name, ..)| *name))?;
    fs::create_dir_all(init.folder.join("secrets"))?;
    for (name, contents, readers) in files {
        write(&init.folder.join(name), &contents, readers)?;
        output::talk(&format!("wrote {}", init.folder.join(name).display()));
    }
    next_steps(&init.folder, &chat);
    if !keycloak.options.is_empty() {
        output::talk(keycloak.options.trim_end());
    }
    Ok(End::Yes)
}

fn people(chat: &Chat) -> String {
    PEOPLE.replace("{erin}", &chat.erin).replace("{dana}", &chat.dana)
}

/// What the first client proves itself with.
fn keys(seeds: &Seeds) -> [(&'static str, String, Readers); 2] {
    let api_key = format!("cs_first_{}", hex::encode(seeds.seed().0));
    let webhook_secret = format!("whsec_{}", STANDARD.encode(seeds.seed().0));
    [
        ("secrets/first-api.key", api_key, Readers::Owner),
        ("secrets/first-webhook.key", webhook_secret, Readers::Owner),
    ]
}

/// What a file holds: text, or an archive.
type Contents = Vec<u8>;

/// Who may read a file.
#[derive(Clone, Copy)]
enum Readers {
    Everybody,
    Owner,
}

fn refuse_to_overwrite<'a>(
    folder: &Path,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<(), Failure> {
    match names.into_iter().map(|name| folder.join(name)).find(|path| path.exists()) {
        Some(path) => {
            Err(format!("`{}` exists; choose another folder or move it away", path.display())
                .into())
        }
        None => Ok(()),
    }
}

fn write(path: &Path, contents: &[u8], readers: Readers) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(match readers {
            Readers::Everybody => 0o644,
            Readers::Owner => 0o600,
        });
    }
    options.open(path)?.write_all(contents)
}

/// What was given, or what is answered on a terminal, or the default.
fn answer(given: Option<&String>, question: &str, default: &str) -> Result<String, Failure> {
    if let Some(given) = given {
        return Ok(given.clone());
    }
    if !std::io::stdin().is_terminal() {
        return Ok(default.to_owned());
    }
    let mut out = anstream::stderr();
    write!(out, "{question} [{default}]: ")?;
    out.flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let line = line.trim();
    Ok(if line.is_empty() { default.to_owned() } else { line.to_owned() })
}

fn next_steps(folder: &Path, chat: &Chat) {
    let config = folder.join("countersign.yaml").display().to_string();
    let first = ["put your people into people.yaml and your scopes into catalogue.yaml"];
    let start = ["countersign check --config {config}", "countersign serve --config {config}"];
    let last = [
        "countersign doctor --config {config}, which says whether all is well",
        "send a request with the key in secrets/first-api.key",
    ];
    output::talk("\nNext:");
    let steps = [&first, chat.before, &start, chat.after, &last].concat();
    for (number, step) in (1..).zip(steps) {
        output::talk(&format!("  {number}. {}", step.replace("{config}", &config)));
    }
    output::talk(&format!("\n{}", chat.farewell));
}
