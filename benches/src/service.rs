//! A real service: the program as it is shipped, started on a site, killed or stopped like any other.

use std::{
    fs::{self, File},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{failure::Failure, site::Site, tools::Tools, wire::Wire};

/// Longer than this no start may take, recovery of the database included.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running process; killed when dropped.
#[derive(Debug)]
pub(crate) struct Service {
    child: Child,
    /// From the start of the process until it took requests.
    pub(crate) ready_after: Duration,
}

impl Service {
    /// Starts it and waits until it is ready.
    pub(crate) async fn start(tools: &Tools, site: &Site) -> Result<Self, Failure> {
        let log = File::options().create(true).append(true).open(site.path("log"))?;
        let mut command = tools.pin.command(&tools.server);
        command.arg("serve").arg("--config").arg(site.path("countersign.yaml"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let started = Instant::now();
        let mut service = Self { child: command.spawn()?, ready_after: Duration::ZERO };
        while !is_ready(site).await {
            let ended = service.child.try_wait()?;
            if ended.is_some() || started.elapsed() > PATIENCE {
                let log = fs::read_to_string(site.path("log")).unwrap_or_default();
                return Err(format!(
                    "the service did not start; its log ends with:\n{}",
                    tail(&log)
                )
                .into());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        service.ready_after = started.elapsed();
        Ok(service)
    }

    /// kill -9.
    pub(crate) fn kill(mut self) -> Result<(), Failure> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to stop and waits until it has. What it sends meanwhile is still received.
    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        let mut kill = Command::new("kill");
        if !kill.arg(self.child.id().to_string()).status()?.success() {
            return Err("the service could not be told to stop".into());
        }
        let status = loop {
            match self.child.try_wait()? {
                Some(status) => break status,
                None => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        };
        if status.success() {
            return Ok(());
        }
        Err(format!("the service ended with {status}").into())
    }

    /// What the process has had of its core so far.
    pub(crate) fn processor_time(&self) -> Result<Duration, Failure> {
        processor_time(self.child.id())
    }

    /// Resident memory now and at most so far, in MiB.
    pub(crate) fn memory_mib(&self) -> Result<(f64, f64), Failure> {
        memory_mib(self.child.id())
    }
}

/// Resident memory of a process now and at most so far, in MiB.
pub(crate) fn memory_mib(pid: u32) -> Result<(f64, f64), Failure> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        kib.map(|kib| kib / 1024.0)
    };
    field("VmRSS:").zip(field("VmHWM:")).ok_or_else(|| "no memory in /proc".into())
}

/// What a process has had of its core so far.
pub(crate) fn processor_time(pid: u32) -> Result<Duration, Failure> {
    /// Linux tells times in these units on every architecture.
    const TICKS_PER_SECOND: u64 = 100;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name before the closing bracket may hold anything.
    let fields = stat.rsplit_once(") ").map(|(_, fields)| fields).unwrap_or_default();
    let ticks: u64 = fields.split(' ').skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
}

impl Drop for Service {
    /// Best effort: it may have ended already.
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

async fn is_ready(site: &Site) -> bool {
    let ask = format!("GET /readyz HTTP/1.1\r\nhost: {}\r\n\r\n", site.address);
    let Ok(mut wire) = Wire::connect(site.address).await else { return false };
    wire.send(ask.as_bytes()).await.is_ok_and(|answer| answer.status == 200)
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    let from = lines.len().saturating_sub(8);
    lines.get(from..).unwrap_or_default().join("\n")
}
