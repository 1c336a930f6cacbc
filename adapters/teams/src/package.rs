//! The app package that an administrator uploads to Teams: made from the configuration, never
//! edited by hand. The same input gives the same bytes.

use std::io::{Cursor, Write};

use serde_json::{Value, json};
use url::Url;
use zip::{CompressionMethod, DateTime, ZipWriter, result::ZipError, write::SimpleFileOptions};

use crate::settings::is_uuid;

/// 192 × 192.
const COLOR: &[u8] = include_bytes!("../assets/color.png");
/// 32 × 32, white on transparent.
const OUTLINE: &[u8] = include_bytes!("../assets/outline.png");
/// The lowest version of the format that has all we need; newer Teams take it too.
const FORMAT: &str = "1.19";

/// What the package says of this installation.
#[derive(Debug, Clone, Copy)]
pub struct Package<'a> {
    pub app_id: &'a str,
    /// Rises with every change: Teams takes no other package of the same version.
    pub version: &'a str,
    /// Where the manual, the rules of privacy and the terms are.
    pub public_url: &'a Url,
}

/// Why there is no package.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    #[error("the app id is no UUID: `{0}`")]
    AppId(String),
    #[error("Teams needs three numbers with dots between them as a version: `{0}`")]
    Version(String),
    #[error("Teams takes only https addresses: `{0}`")]
    PublicUrl(String),
    #[error("cannot write the package")]
    Zip(#[from] ZipError),
    #[error("cannot write the package")]
    Io(#[from] std::io::Error),
}

impl Package<'_> {
    /// The zip archive.
    pub fn zip(&self) -> Result<Vec<u8>, PackageError> {
        let manifest = format!("{:#}\n", self.manifest()?);
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644);
        let files = [
            ("manifest.json", manifest.as_bytes()),
            ("color.png", COLOR),
            ("outline.png", OUTLINE),
        ];
        for (name, bytes) in files {
            zip.start_file(name, options)?;
            zip.write_all(bytes)?;
        }
        Ok(zip.finish()?.into_inner())
    }

    /// The manifest.
    pub fn manifest(&self) -> Result<Value, PackageError> {
        let host = self.check()?;
        let schema = format!(
            "https://developer.microsoft.com/json-schemas/teams/v{FORMAT}/MicrosoftTeams.schema.json"
        );
        let site = self.public_url.as_str();
        Ok(json!({
            "$schema": schema,
            "manifestVersion": FORMAT,
            "version": self.version,
            "id": self.app_id,
            "developer": {
                "name": "Countersign",
                "websiteUrl": site,
                "privacyUrl": site,
                "termsOfUseUrl": site,
            },
            "name": { "short": "Countersign", "full": "Countersign approvals" },
            "description": {
                "short": "Asks people to approve access before it is granted",
                "full": "Posts requests for access to the channels that your policy names. People \
                    approve or deny them there, and every decision is recorded.",
            },
            "icons": { "color": "color.png", "outline": "outline.png" },
            "accentColor": "#1B3A57",
            "bots": [{
                "botId": self.app_id,
                "scopes": ["team", "personal"],
                "isNotificationOnly": false,
                "supportsFiles": false,
                "commandLists": [{
                    "scopes": ["team", "personal"],
                    "commands": [
                        { "title": "waiting", "description": "What waits for you" },
                        { "title": "why", "description": "Why a request stands where it does" },
                        { "title": "away", "description": "Let a colleague decide for you: away gus 5d" },
                        { "title": "back", "description": "Nobody decides for you any more" },
                        { "title": "link", "description": "Your account, for the people file" },
                    ],
                }],
            }],
            "permissions": ["identity", "messageTeamMembers"],
            "validDomains": [host],
        }))
    }

    fn check(&self) -> Result<&str, PackageError> {
        if !is_uuid(self.app_id) {
            return Err(PackageError::AppId(self.app_id.to_owned()));
        }
        let numbers: Vec<&str> = self.version.split('.').collect();
        let number = |text: &&str| {
            (1..=5).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_digit())
                && (*text == "0" || !text.starts_with('0'))
        };
        if numbers.len() != 3 || !numbers.iter().all(number) {
            return Err(PackageError::Version(self.version.to_owned()));
        }
        let host = self.public_url.host_str().filter(|_| self.public_url.scheme() == "https");
        host.ok_or_else(|| PackageError::PublicUrl(self.public_url.to_string()))
    }
}

#[cfg(test)]
mod tests;
