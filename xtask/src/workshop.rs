//! What every task works with: where the tree is, what is installed, and what was started or built
//! once for all suites. It names no suite.

use std::{
    cell::OnceCell,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    command,
    outcome::{During, Outcome, fail, skip},
    postgres::{Durability, Postgres},
};

/// The place of work.
#[derive(Debug)]
pub(crate) struct Workshop {
    /// The root of the repository.
    pub(crate) root: PathBuf,
    /// Cargo's target folder; the peers are installed below it.
    pub(crate) target: PathBuf,
    /// The folder of the public vectors, if the caller has it.
    pub(crate) vectors: Option<PathBuf>,
    package_lists: OnceCell<()>,
    postgres: OnceCell<Postgres>,
    countersign: OnceCell<PathBuf>,
}

impl Workshop {
    /// Finds the repository and asks Cargo where it builds.
    pub(crate) fn open(vectors: Option<&Path>) -> Outcome<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let Some(root) = here.parent() else {
            return fail(format!("`{}` is not inside the repository", here.display()));
        };
        let vectors = match vectors {
            None => None,
            Some(folder) => {
                let what = format!("COUNTERSIGN_VECTORS is `{}`", folder.display());
                Some(folder.canonicalize().during(what)?)
            }
        };
        Ok(Self {
            root: root.to_path_buf(),
            target: target_folder(root)?,
            vectors,
            package_lists: OnceCell::new(),
            postgres: OnceCell::new(),
            countersign: OnceCell::new(),
        })
    }

    /// Cargo in the root, knowing where the vectors are.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = Command::new("cargo");
        cargo.current_dir(&self.root);
        if let Some(vectors) = &self.vectors {
            cargo.env("COUNTERSIGN_VECTORS", vectors);
        }
        cargo
    }

    /// The throw-away PostgreSQL of this run, started at the first call.
    pub(crate) fn postgres(&self) -> Outcome<&Postgres> {
        once(&self.postgres, || Postgres::start(self, Durability::None))
    }

    /// The released program, built at the first call and run in the root.
    pub(crate) fn countersign(&self) -> Outcome<Command> {
        let build = || {
            command::run(self.cargo().args(["build", "--release", "--bin", "countersign"]))?;
            Ok(self.target.join("release").join("countersign"))
        };
        let mut countersign = Command::new(once(&self.countersign, build)?);
        countersign.current_dir(&self.root);
        Ok(countersign)
    }

    /// A program by name, installed from its Debian package where we may.
    pub(crate) fn program(&self, name: &str, package: &str) -> Outcome<PathBuf> {
        if let Some(path) = command::find(name) {
            return Ok(path);
        }
        self.install(package, &format!("`{name}`"))?;
        match command::find(name) {
            Some(path) => Ok(path),
            None => fail(format!("the package {package} brought no program `{name}`")),
        }
    }

    /// Installs a Debian package, or says what the reader has to do.
    pub(crate) fn install(&self, package: &str, wanted: &str) -> Outcome<()> {
        if command::find("apt-get").is_none() {
            return skip(format!("{wanted} is not installed, and there is no apt-get here"));
        }
        if !is_root()? {
            return skip(format!("{wanted} is not installed: sudo apt-get install {package}"));
        }
        once(&self.package_lists, || apt_get(&["update", "--quiet"]))?;
        apt_get(&["install", "--quiet", "--yes", "--no-install-recommends", package])
    }
}

/// Whether we are root: asked of the system, since that decides what we may install.
pub(crate) fn is_root() -> Outcome<bool> {
    Ok(command::read(Command::new("id").arg("-u"))?.trim() == "0")
}

fn apt_get(arguments: &[&str]) -> Outcome<()> {
    command::run(Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(arguments))
}

fn target_folder(root: &Path) -> Outcome<PathBuf> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root).args(["metadata", "--no-deps", "--format-version", "1"]);
    let metadata: serde_json::Value =
        serde_json::from_str(&command::read(&mut cargo)?).during("read `cargo metadata`")?;
    match metadata.get("target_directory").and_then(serde_json::Value::as_str) {
        Some(folder) => Ok(PathBuf::from(folder)),
        None => fail("`cargo metadata` names no target_directory"),
    }
}

/// The value in the cell, made at the first call; a failure is not remembered.
fn once<T>(cell: &OnceCell<T>, make: impl FnOnce() -> Outcome<T>) -> Outcome<&T> {
    if let Some(value) = cell.get() {
        return Ok(value);
    }
    let value = make()?;
    Ok(cell.get_or_init(|| value))
}
