//! The released program as a server for one run: on a free port of the loopback, stopped when
//! dropped.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::place::Place;
use crate::{
    command,
    loopback::free_address,
    outcome::{During, Outcome, fail},
    workshop::Workshop,
};

const SANDBOX_KEY: &str = "a-key-that-nobody-else-knows";
const START_LIMIT: Duration = Duration::from_secs(30);

/// A running `countersign`.
#[derive(Debug)]
pub(super) struct Server {
    process: Child,
}

impl Server {
    /// Starts it over an empty database, with the place's configuration and the secrets that it names,
    /// and waits until it says that it is ready.
    pub(super) fn afresh(
        shop: &Workshop,
        place: &Place<'_>,
        secrets: &[(&str, &str)],
    ) -> Outcome<(Self, SocketAddr)> {
        for file in ["run.db", "run.db-wal", "run.db-shm"].map(|name| place.path(name)) {
            if file.exists() {
                fs::remove_file(&file).during(file.display())?;
            }
        }
        let address = free_address()?;
        let mut serve = shop.countersign()?;
        serve.args(["serve", "--config"]).arg(place.path("countersign.yaml"));
        serve.env("COUNTERSIGN_LISTEN", address.to_string());
        serve.env("COUNTERSIGN_PUBLIC_URL", format!("http://{address}"));
        serve.env("COUNTERSIGN_DATABASE", format!("sqlite:{}", place.path("run.db").display()));
        serve.env("PEER_SANDBOX_KEY", SANDBOX_KEY).envs(secrets.iter().copied());
        Ok((Self::start(&mut serve, address)?, address))
    }

    fn start(command: &mut Command, address: SocketAddr) -> Outcome<Self> {
        let mut server = Self::spawn(command.stdout(Stdio::null()))?;
        let deadline = Instant::now() + START_LIMIT;
        while Instant::now() < deadline {
            if let Some(status) = server.process.try_wait().during("wait for countersign")? {
                return fail(format!("countersign ended with {status} before it was ready"));
            }
            if is_ready(address).is_ok_and(|ready| ready) {
                return Ok(server);
            }
            thread::sleep(Duration::from_millis(50));
        }
        fail(format!("http://{address}/readyz did not answer 200 within {START_LIMIT:?}"))
    }

    /// Starts it and reads the address that it invites a person to open.
    pub(super) fn start_for_a_person(command: &mut Command) -> Outcome<(Self, String)> {
        let mut server = Self::spawn(command.stdout(Stdio::piped()))?;
        let Some(output) = server.process.stdout.take() else {
            return fail("countersign has no standard output");
        };
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let url = lines.find_map(|line| {
            line.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned)
        });
        let Some(url) = url else {
            return fail("countersign ended without naming an address to open");
        };
        // Read on, or it would stop at a full pipe.
        drop(thread::spawn(move || lines.for_each(drop)));
        Ok((server, url))
    }

    fn spawn(command: &mut Command) -> Outcome<Self> {
        command::show(command);
        let process = command.stdin(Stdio::null()).spawn().during("start countersign")?;
        Ok(Self { process })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn is_ready(address: SocketAddr) -> std::io::Result<bool> {
    let mut connection = TcpStream::connect(address)?;
    connection.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(connection, "GET /readyz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut status = [0; "HTTP/1.1 200".len()];
    connection.read_exact(&mut status)?;
    Ok(status == *b"HTTP/1.1 200")
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Asks a server that answers once with these bytes.
    fn readiness(answer: &'static [u8]) -> std::io::Result<bool> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let server = thread::spawn(move || {
            let mut connection = BufReader::new(listener.accept()?.0);
            while connection.read_line(&mut String::new())? > "\r\n".len() {}
            connection.get_mut().write_all(answer)
        });
        let ready = is_ready(address);
        server.join().expect("it does not panic")?;
        ready
    }

    #[test]
    fn only_200_is_ready() {
        assert!(readiness(b"HTTP/1.1 200 OK\r\n\r\n").unwrap());
        assert!(!readiness(b"HTTP/1.1 503 Service Unavailable\r\n\r\n").unwrap());
    }

    #[test]
    fn a_cut_answer_is_an_error() {
        assert!(readiness(b"HTTP/1.1 2").is_err());
    }
}
