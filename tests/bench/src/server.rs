//! The real server as a process of its own, on a fresh data directory.

use crate::{BenchError, process::Running};
use serde_json::Value;
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// `payung` beside this program.
pub(crate) fn payung() -> Result<PathBuf, BenchError> {
    let own = std::env::current_exe()?;
    let payung = own.with_file_name("payung");
    if payung.exists() { Ok(payung) } else { Err(BenchError::Setup(format!("{} is missing", payung.display()))) }
}

/// Starts `payung serve` on a free port and waits until it answers.
pub(crate) fn start(data: &Path) -> Result<Running, BenchError> {
    // bound and given back
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let child = Command::new(payung()?)
        .args(["serve", "--data"])
        .arg(data)
        .args(["--listen", &address.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let server = Running::new(child, address);
    let begun = Instant::now();
    while !ready(address) {
        if begun.elapsed() > Duration::from_secs(30) {
            return Err(BenchError::Setup("the server did not start within 30 s".to_owned()));
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(server)
}

fn ready(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_millis(200))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n")?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer)?;
        Ok(answer.ends_with(b"200"))
    };
    ask().unwrap_or(false)
}

/// `payung admin … --json` on the data directory; its last line of output.
pub(crate) fn admin(data: &Path, arguments: &[&str]) -> Result<Value, BenchError> {
    let output = Command::new(payung()?).arg("admin").arg("--data").arg(data).args(arguments).output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(BenchError::Setup(format!("payung admin {}: {why}", arguments.first().unwrap_or(&""))));
    }
    serde_json::from_str(said.trim()).map_err(|_| BenchError::Setup("payung admin did not answer JSON".to_owned()))
}
