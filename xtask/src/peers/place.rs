//! Where a peer runs: a copy of its folder below target/peers/, with its pinned packages installed
//! there, so that the source tree stays clean.

use std::{
    ffi::OsStr,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    command,
    outcome::{During, Outcome, fail},
    workshop::Workshop,
};

/// A peer's folder, ready to run programs in.
#[derive(Debug)]
pub(super) struct Place<'a> {
    shop: &'a Workshop,
    folder: PathBuf,
}

impl<'a> Place<'a> {
    /// Copies tests/peers/`name`, keeping packages that an earlier run installed.
    pub(super) fn new(shop: &'a Workshop, name: &str) -> Outcome<Self> {
        Self::of(shop, name, &shop.root.join("tests").join("peers").join(name))
    }

    /// Copies another folder likewise.
    pub(super) fn of(shop: &'a Workshop, name: &str, sources: &Path) -> Outcome<Self> {
        let folder = shop.target.join("peers").join(name);
        fs::create_dir_all(&folder).during(folder.display())?;
        for source in fs::read_dir(sources).during(sources.display())?.flatten() {
            let path = source.path();
            if path.is_file() {
                fs::copy(&path, folder.join(source.file_name())).during(path.display())?;
            }
        }
        Ok(Self { shop, folder })
    }

    /// A path inside.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Node on a script of the folder, its packages installed as package-lock.json says.
    pub(super) fn node(&self, script: &str) -> Outcome<Command> {
        let node = self.shop.program("node", "nodejs")?;
        let npm = self.shop.program("npm", "npm")?;
        self.once_for("package-lock.json", "node_modules", || {
            let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
            command::run(self.inside(npm).args(arguments))
        })?;
        let mut command = self.inside(node);
        command.arg(script);
        Ok(command)
    }

    /// A program of the folder's virtual environment, which holds what requirements.txt says.
    pub(super) fn python(&self, program: &str) -> Outcome<Command> {
        let python = self.shop.program("python3", "python3")?;
        if !self
            .inside(&python)
            .args(["-c", "import ensurepip"])
            .status()
            .is_ok_and(|s| s.success())
        {
            self.shop.install("python3-venv", "Python's venv")?;
        }
        let programs = Path::new("venv").join("bin");
        self.once_for("requirements.txt", "venv", || {
            command::run(self.inside(python).args(["-m", "venv", "--clear", "venv"]))?;
            let pip = self.folder.join(&programs).join("pip");
            let arguments = ["install", "--quiet", "--disable-pip-version-check", "--requirement"];
            command::run(self.inside(pip).args(arguments).arg("requirements.txt"))
        })?;
        Ok(self.inside(self.folder.join(programs).join(program)))
    }

    fn inside(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder);
        command
    }

    /// Installs again only where the list of packages is not the one installed before.
    fn once_for(
        &self,
        list: &str,
        folder: &str,
        install: impl FnOnce() -> Outcome<()>,
    ) -> Outcome<()> {
        let list = self.path(list);
        let wanted = fs::read(&list).during(list.display())?;
        let note = self.path(folder).join("installed-from");
        if fs::read(&note).is_ok_and(|installed| installed == wanted) {
            return Ok(());
        }
        install()?;
        fs::write(&note, wanted).during(note.display())
    }
}

/// Feeds a program and gives back what it wrote; its complaints go where ours go.
pub(super) fn pipe(command: &mut Command, input: &str) -> Outcome<String> {
    command::show(command);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().during("start it")?;
    let stdin = child.stdin.take();
    // Written beside the reading: each side's pipe holds only so much.
    let (written, output) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| match stdin {
            Some(mut stdin) => stdin.write_all(input.as_bytes()),
            None => Ok(()),
        });
        let output = child.wait_with_output();
        (writer.join(), output)
    });
    let output = output.during("read its answer")?;
    if !output.status.success() {
        return fail(format!("it ended with {}", output.status));
    }
    match written {
        Ok(written) => written.during("write to it")?,
        Err(_) => return fail("the thread that wrote to it panicked"),
    }
    String::from_utf8(output.stdout).during("read its answer")
}
