//! Secrets: a place to read them from, never the value itself.

use std::{fs, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretBox, SecretString};

use super::Reader;
use crate::domain::yaml::{
    Node, Value,
    read::{self, Members},
};

const KEY_BYTES: usize = 32;

/// A key that seals what is kept at rest.
pub struct EncryptionKey(SecretBox<[u8; KEY_BYTES]>);

impl EncryptionKey {
    /// The bytes, for the cipher.
    pub fn bytes(&self) -> &[u8; KEY_BYTES] {
        self.0.expose_secret()
    }

    /// 32 bytes in base64.
    pub fn decode(text: &str) -> Option<Self> {
        let mut bytes = Box::new([0; KEY_BYTES]);
        let length = STANDARD.decode_slice(text, bytes.as_mut_slice()).ok()?;
        (length == KEY_BYTES).then(|| Self(SecretBox::new(bytes)))
    }
}

impl std::fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EncryptionKey")
    }
}

impl Reader<'_> {
    /// `{ env: NAME }` or `{ file: PATH }`.
    pub(super) fn secret(&mut self, node: &Node) -> Option<SecretString> {
        if let Value::Scalar(_) = node.value {
            self.page.hide(node.span);
            self.fault(
                node,
                "a secret may not stand here: write `{ env: NAME }` or `{ file: PATH }`",
            );
            return None;
        }
        let members = Members::of(node, &["env", "file"], &mut self.faults)?;
        match (members.get("env"), members.get("file")) {
            (Some(name), None) => self.secret_in_variable(name),
            (None, Some(path)) => self.secret_in_file(path),
            (Some(_), Some(_)) | (None, None) => {
                self.fault(node, "a secret has exactly one place: `env` or `file`");
                None
            }
        }
    }

    /// One secret or a list of them.
    pub(super) fn secrets<'n>(&mut self, node: Option<&'n Node>) -> Vec<(&'n Node, SecretString)> {
        let nodes = node.map(read::one_or_more).unwrap_or_default();
        nodes.iter().filter_map(|node| Some((node, self.secret(node)?))).collect()
    }

    pub(super) fn encryption_keys(&mut self, node: Option<&Node>) -> Vec<EncryptionKey> {
        let mut keys = Vec::new();
        for (node, text) in self.secrets(node) {
            match EncryptionKey::decode(text.expose_secret()) {
                Some(key) => keys.push(key),
                None => self.fault(
                    node,
                    "this is not 32 bytes in base64: `openssl rand -base64 32` makes some",
                ),
            }
        }
        keys
    }

    fn secret_in_variable(&mut self, node: &Node) -> Option<SecretString> {
        let name = read::text(node, &mut self.faults)?;
        let value = self.environment.get(name).map(SecretString::from);
        if value.is_none() {
            self.fault(node, format!("the environment variable `{name}` is not set"));
        }
        value
    }

    fn secret_in_file(&mut self, node: &Node) -> Option<SecretString> {
        let path = self.folder.join(read::text(node, &mut self.faults)?);
        let text = private(&path).and_then(|()| {
            fs::read_to_string(&path).map_err(|error| format!("cannot read this file: {error}"))
        });
        match text.as_deref().map(str::trim_end) {
            Ok("") => self.fault(node, "this file is empty"),
            Ok(text) => return Some(SecretString::from(text)),
            Err(message) => self.fault(node, message),
        }
        None
    }
}

/// Refuses a file that everybody on the machine can read.
#[cfg(unix)]
fn private(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;

    let metadata = fs::metadata(path).map_err(|error| format!("cannot read this file: {error}"))?;
    match metadata.permissions().mode() & 0o007 {
        0 => Ok(()),
        _ => Err("everybody may read or change this file: `chmod o= FILE`".to_owned()),
    }
}

#[cfg(not(unix))]
fn private(_: &Path) -> Result<(), String> {
    Ok(())
}
