//! The peer: tests/bench/peer as installed by `npm ci`, its server and its phone each in a process of its own.

use crate::{BenchError, answer::Answer, process::Running};
use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What a team would otherwise use.
#[derive(Clone)]
pub(crate) struct Peer {
    folder: PathBuf,
}

impl Peer {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Starts its server on an empty or earlier folder, and waits until it listens.
    pub(crate) fn start(&self, data: &Path) -> Result<Running, BenchError> {
        fs::create_dir_all(data)?;
        let mut child = self
            .node("server.js")
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        if let Some(said) = child.stdout.take() {
            BufReader::new(said).read_line(&mut line)?;
        }
        let port: Option<u16> = line.trim().parse().ok();
        // ended with the value, also where it did not start
        let server = Running::new(child, SocketAddr::from((Ipv4Addr::LOCALHOST, port.unwrap_or_default())));
        port.map(|_| server).ok_or_else(|| BenchError::Setup("the peer's server did not start".to_owned()))
    }

    /// One row on its phone's side.
    pub(crate) fn phone(&self, row: &str, folder: &Path, given: &[&str]) -> Result<Answer, BenchError> {
        fs::create_dir_all(folder)?;
        Answer::of(self.node("client.js").arg(row).arg(folder).args(given), &format!("the peer's {row}"))
    }

    /// What it is made of: `PouchDB 9.0.0, express-pouchdb 4.2.0, …`.
    pub(crate) fn versions(&self) -> String {
        let version = |package: &str| -> Option<String> {
            let json = fs::read(self.folder.join("node_modules").join(package).join("package.json")).ok()?;
            let version = serde_json::from_slice::<Value>(&json).ok()?["version"].as_str()?.to_owned();
            Some(format!("{package} {version}"))
        };
        let node = Command::new("node").arg("--version").output().ok();
        let node =
            node.map(|said| format!("node {}", String::from_utf8_lossy(&said.stdout).trim().trim_start_matches('v')));
        let packages = ["pouchdb", "leveldown", "express-pouchdb", "express"].into_iter().filter_map(version);
        packages.chain(node).collect::<Vec<_>>().join(", ")
    }

    fn node(&self, script: &str) -> Command {
        let mut command = Command::new("node");
        command.current_dir(&self.folder).env("NODE_ENV", "production").arg(script);
        command
    }
}
