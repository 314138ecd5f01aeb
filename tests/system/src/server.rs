//! The server as a process: `payung serve`, on this machine.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Why the server is not there.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// It could not be run.
    #[error("the server cannot be run: {0}")]
    Io(#[from] io::Error),
    /// It ended at once.
    #[error("the server ended: {0}")]
    Ended(String),
    /// It neither answers nor ends.
    #[error("the server does not answer")]
    Silent,
}

/// A running server. Dropping it kills it.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// What it wrote, both streams.
    pub log: PathBuf,
}

const PATIENCE: Duration = Duration::from_secs(60);

impl Server {
    /// Starts `payung serve` on a port of its own, and waits until it is ready. Its words go to `log`, after what is
    /// there.
    ///
    /// # Errors
    /// [`ServerError`].
    pub fn start(program: &Path, data: &Path, log: &Path) -> Result<Self, ServerError> {
        // taken and given back: the port must be known before, for the invites
        let free = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
        Self::start_at(program, data, free, log)
    }

    /// The same, at an address.
    ///
    /// # Errors
    /// [`ServerError`].
    pub fn start_at(program: &Path, data: &Path, address: SocketAddr, log: &Path) -> Result<Self, ServerError> {
        let mut server = Self::launch(program, data, address, log)?;
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(status) = server.child.try_wait()? {
                return Err(ServerError::Ended(last_line(log, status)));
            }
            if is_ready(address) {
                return Ok(server);
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err(ServerError::Silent)
    }

    /// Starts it without waiting.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn launch(program: &Path, data: &Path, address: SocketAddr, log: &Path) -> Result<Self, ServerError> {
        let words = File::options().create(true).append(true).open(log)?;
        let child = Command::new(program)
            .arg("serve")
            .arg("--data")
            .arg(data)
            .arg("--listen")
            .arg(address.to_string())
            .stdin(Stdio::null())
            .stdout(words.try_clone()?)
            .stderr(words)
            .spawn()?;
        Ok(Self { child, address, log: log.to_path_buf() })
    }

    /// `http://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Resident memory at its highest, in KiB, as Linux counts it.
    pub fn peak_rss_kib(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    /// SIGKILL.
    ///
    /// # Errors
    /// It cannot be killed.
    pub fn kill(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// SIGTERM, as a service manager would, and waits for the end.
    ///
    /// # Errors
    /// It cannot be stopped.
    pub fn stop(mut self) -> io::Result<ExitStatus> {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        self.child.wait()
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// It cannot be waited for.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // it may have ended already
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn last_line(log: &Path, status: ExitStatus) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    text.lines().rev().find(|line| !line.trim().is_empty()).map_or_else(|| status.to_string(), str::to_owned)
}

fn is_ready(address: SocketAddr) -> bool {
    request(address, "GET", "/readyz", &[], b"").is_ok_and(|answer| answer.status == 200)
}

/// An answer by HTTP.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The head, in small letters.
    pub head: String,
    /// The body as it came.
    pub body: Vec<u8>,
}

/// One request by hand, as a test that sends nonsense must. The connection is closed after it.
///
/// # Errors
/// No whole head came.
pub fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head = head + name + ": " + value + "\r\n";
    }
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
        head = format!("{head}Content-Length: {}\r\n", body.len());
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    // a server that has seen enough may close its end while we still write
    let sent = stream.write_all(body);
    let mut all = Vec::new();
    let read = stream.read_to_end(&mut all);
    let end = all.windows(4).position(|four| four == b"\r\n\r\n");
    let Some(end) = end else {
        sent?;
        read?;
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    let head = String::from_utf8_lossy(&all[..end]).to_lowercase();
    let status = head.split_whitespace().nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Ok(Answer { status, head, body: all[end + 4..].to_vec() })
}
