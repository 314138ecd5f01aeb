//! A real S3 over HTTP for tests: the crates `s3s` and `s3s-fs` on a folder that goes with it.

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use std::{fs, net::SocketAddr, path::PathBuf, time::Duration};
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime::Runtime};

/// Who may use it.
pub(crate) const KEY_ID: &str = "payung-test";
/// With this.
pub(crate) const SECRET: &str = "tidak-rahasia-hanya-uji";
/// Its one bucket.
pub(crate) const BUCKET: &str = "payung";
/// What the names begin with.
pub(crate) const PREFIX: &str = "foto/banyumas";

/// The server; stops when it goes out of scope.
pub(crate) struct BucketServer {
    dir: TempDir,
    address: SocketAddr,
    runtime: Option<Runtime>,
}

impl BucketServer {
    /// With an empty bucket.
    pub(crate) fn start() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        fs::create_dir(dir.path().join(BUCKET)).expect("a bucket");
        let mut server = Self { dir, address: "127.0.0.1:0".parse().expect("an address"), runtime: None };
        server.start_again();
        server
    }

    /// At the same address, after [`BucketServer::stop`].
    pub(crate) fn start_again(&mut self) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("threads");
        let listener = runtime.block_on(TcpListener::bind(self.address)).expect("bound");
        self.address = listener.local_addr().expect("known");
        let mut builder = S3ServiceBuilder::new(FileSystem::new(self.dir.path()).expect("a folder"));
        builder.set_auth(SimpleAuth::from_single(KEY_ID, SECRET));
        let service = builder.build();
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let serving = http1::Builder::new().serve_connection(TokioIo::new(socket), service.clone());
                tokio::spawn(async {
                    let _ = serving.await;
                });
            }
        });
        self.runtime = Some(runtime);
    }

    /// Cuts every connection and takes no other.
    pub(crate) fn stop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }

    /// Where an object lies, by its name after the prefix.
    pub(crate) fn object(&self, name: &str) -> PathBuf {
        self.dir.path().join(BUCKET).join(PREFIX).join(name)
    }

    /// What `payung.toml` says of it.
    pub(crate) fn settings(&self) -> String {
        let address = self.address;
        format!(
            "[media]\nstore = \"s3\"\nbucket = \"{BUCKET}\"\nendpoint = \"http://{address}\"\nprefix = \"{PREFIX}\"\n"
        )
    }
}

impl Drop for BucketServer {
    fn drop(&mut self) {
        self.stop();
    }
}
