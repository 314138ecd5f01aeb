//! The real binary: it works with no configuration, and what is wrong is told in one line.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

fn payung(data: &Path, listen: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_payung"));
    command.args(["serve", "--listen", listen, "--data"]).arg(data);
    command.env("PAYUNG_LOG", "warn").stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Stops the server even when a test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(data: &Path) -> (Running, String, Vec<String>) {
    let mut child = payung(data, "127.0.0.1:0").spawn().expect("started");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut said = Vec::new();
    let address = loop {
        let line = lines.next().expect("it says where it listens").expect("text");
        said.push(line.clone());
        if let Some((_, address)) = line.split_once("http://") {
            break address.trim().to_owned();
        }
    };
    // what follows is written in the same breath; a request in between makes sure of it
    assert!(get(&address, "/readyz").starts_with("HTTP/1.1 200"));
    let running = Running(child);
    std::thread::spawn(move || lines.for_each(drop));
    (running, address, said)
}

fn get(address: &str, path: &str) -> String {
    let mut socket = TcpStream::connect(address).expect("connected");
    write!(socket, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("answered");
    answer
}

/// One line, a failure, and no panic.
fn refused(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert_eq!(said.trim().lines().count(), 1, "{said}");
    assert!(said.starts_with("payung: "), "{said}");
    said
}

#[test]
fn serve_makes_its_directory_and_stops_on_sigterm() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let (mut running, address, _) = start(&data);
    assert!(get(&address, "/v1/keys").contains("\"receivers\""));
    for file in ["payung.db", "keys/master.key", "keys/root.key", "setup.json"] {
        assert!(data.join(file).exists(), "{file}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(data.join("keys/master.key")).expect("the key").permissions().mode();
        assert_eq!(mode & 0o077, 0, "only its owner reads a key");
    }
    let id = running.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().expect("told").success());
    assert!(running.0.wait().expect("ended").success());
    // and again on what it made
    let (_running, address, _) = start(&data);
    assert!(get(&address, "/healthz").starts_with("HTTP/1.1 200"));
}

#[test]
fn used_port_is_told_and_makes_no_directory() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let taken = TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = taken.local_addr().expect("known").to_string();
    let said = refused(&payung(&data, &address).output().expect("ran"));
    assert!(said.contains(&address), "{said}");
    assert!(!data.exists());
}

#[test]
fn mistyped_path_is_told() {
    let dir = tempfile::tempdir().expect("a folder");
    let nowhere = dir.path().join("no/such/place");
    assert!(refused(&payung(&nowhere, "127.0.0.1:0").output().expect("ran")).contains("is the path right?"));
    std::fs::write(dir.path().join("letter.txt"), "not a server's folder").expect("written");
    let said = refused(&payung(dir.path(), "127.0.0.1:0").output().expect("ran"));
    assert!(said.contains("not a Payung data directory"), "{said}");
    let file = dir.path().join("letter.txt");
    refused(&payung(&file, "127.0.0.1:0").output().expect("ran"));
}

#[test]
fn unreadable_key_and_newer_schema_are_told() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    drop(start(&data));
    let key = data.join("keys/master.key");
    let good = std::fs::read(&key).expect("the key");
    std::fs::write(&key, "garbage").expect("written");
    assert!(refused(&payung(&data, "127.0.0.1:0").output().expect("ran")).contains("master.key"));
    std::fs::remove_file(&key).expect("removed");
    assert!(refused(&payung(&data, "127.0.0.1:0").output().expect("ran")).contains("master.key"));
    assert!(!key.exists(), "a lost key is never replaced by a new one");
    std::fs::write(&key, good).expect("put back");
    let database = rusqlite::Connection::open(data.join("payung.db")).expect("opened");
    database.pragma_update(None, "user_version", 9999).expect("set");
    drop(database);
    assert!(refused(&payung(&data, "127.0.0.1:0").output().expect("ran")).contains("9999"));
}
