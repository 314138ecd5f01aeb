//! The real binary with files in a bucket: a real S3 server on this machine.

mod bucket;

use bucket::{BucketServer, KEY_ID, SECRET};
use sha2::{Digest, Sha256};
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

fn payung(args: &[&str], data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_payung"));
    command.args(args).arg("--data").arg(data);
    command.env("AWS_ACCESS_KEY_ID", KEY_ID).env("AWS_SECRET_ACCESS_KEY", SECRET).env("PAYUNG_LOG", "debug");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

/// A data directory with settings and nothing else.
fn directory(settings: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    fs::create_dir(&data).expect("a folder");
    fs::write(data.join("payung.toml"), settings).expect("written");
    (folder, data)
}

/// Stops the server even when a test fails.
struct Running {
    child: Child,
    address: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    fn start(data: &Path) -> Self {
        let mut child = payung(&SERVE, data).stderr(Stdio::null()).spawn().expect("started");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let said = lines.next().expect("it says where it listens").expect("text");
        let address = said.split_once("http://").expect("an address").1.trim().to_owned();
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    fn ask(&self, head: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let mut socket = TcpStream::connect(&self.address).expect("connected");
        let length = body.len();
        write!(socket, "{head}host: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n").expect("sent");
        socket.write_all(body).expect("sent");
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).expect("answered");
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
        let status = String::from_utf8_lossy(&answer[9..12]).parse().expect("a status");
        (status, answer.split_off(end))
    }

    fn bring(&self, bytes: &[u8]) -> (u16, String) {
        use base64::{Engine, prelude::BASE64_STANDARD};
        let hash = hex::encode(Sha256::digest(bytes));
        let name = BASE64_STANDARD.encode(&hash);
        let head = format!(
            "POST /v1/media HTTP/1.1\r\ntus-resumable: 1.0.0\r\nupload-length: {}\r\nupload-metadata: sha256 {name}\r\ncontent-type: application/offset+octet-stream\r\n",
            bytes.len()
        );
        (self.ask(&head, bytes).0, hash)
    }

    fn get(&self, path: &str) -> (u16, Vec<u8>) {
        self.ask(&format!("GET {path} HTTP/1.1\r\n"), b"")
    }
}

/// What a command says, and whether it was well.
fn said(command: &mut Command) -> (bool, String, String) {
    let output = command.output().expect("ran");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

fn doctor_on_media(data: &Path) -> String {
    let (_, out, _) = said(&mut payung(&["doctor"], data));
    out.lines().find(|line| line[7..].starts_with("media ")).expect("a line").to_owned()
}

#[test]
fn photo_goes_into_the_bucket_and_the_doctor_counts_it() {
    let bucket = BucketServer::start();
    let (_folder, data) = directory(&bucket.settings());
    let running = Running::start(&data);
    let photo = vec![7; 50_000];
    let (status, hash) = running.bring(&photo);
    assert_eq!(status, 201);
    assert_eq!(running.get(&format!("/v1/media/{hash}")), (200, photo.clone()));
    assert_eq!(fs::read(bucket.object(&format!("{}/{hash}", &hash[..2]))).expect("there"), photo);
    assert!(!data.join("media/objects").exists());
    assert_eq!(fs::read_dir(data.join("media/spool")).expect("a folder").count(), 0);
    let told = doctor_on_media(&data);
    assert!(told.starts_with("ok") && told.contains("1 files, 49 KiB"), "{told}");
}

#[test]
fn store_that_is_away_keeps_no_server_from_starting_and_the_doctor_tells() {
    let mut bucket = BucketServer::start();
    let (_folder, data) = directory(&bucket.settings());
    bucket.stop();
    let running = Running::start(&data);
    assert_eq!(running.get("/readyz").0, 200, "registrations do not wait for photos");
    let photo = vec![8; 1000];
    let (status, hash) = running.bring(&photo);
    assert_eq!(status, 503);
    let told = doctor_on_media(&data);
    assert!(told.starts_with("WRONG") && told.contains("does not answer"), "{told}");
    bucket.start_again();
    let (status, _) = running.bring(&photo);
    assert_eq!(status, 201);
    assert_eq!(running.get(&format!("/v1/media/{hash}")), (200, photo));
}

#[test]
fn wrong_settings_end_the_start_with_one_line_that_names_them_and_make_nothing() {
    let bucket = BucketServer::start();
    let settings = bucket.settings();
    let cases = [
        (settings.replace("bucket = \"payung\"\n", ""), "media.bucket is missing"),
        (settings.replace("endpoint", "endpiont"), "endpiont"),
        (settings.replace("\"payung\"", "\"another\""), "no such bucket"),
    ];
    for (settings, told) in cases {
        let (_folder, data) = directory(&settings);
        let (well, _, error) = said(payung(&SERVE, &data).env("PAYUNG_LOG", "warn"));
        assert!(!well && error.lines().count() == 1 && error.contains(told), "{error}");
        assert!(error.contains("payung.toml"), "{error}");
    }
    let (_folder, data) = directory(&settings);
    let (well, _, error) = said(payung(&SERVE, &data).env_remove("AWS_SECRET_ACCESS_KEY").env("PAYUNG_LOG", "warn"));
    assert!(!well && error.contains("AWS_SECRET_ACCESS_KEY is not set"), "{error}");
    assert!(!data.join("payung.db").exists());
    let (well, out, error) = said(payung(&SERVE, &data).env("AWS_SECRET_ACCESS_KEY", "another-secret"));
    assert!(!well && error.contains("refuses the key"), "{error}");
    for secret in ["another-secret", SECRET, KEY_ID] {
        assert!(!out.contains(secret) && !error.contains(secret), "{error}");
    }
}
