//! Whole files where they stay: a folder of the server's own disk or an S3 bucket, under the same names
//! (`ab/ab…`, beneath a prefix in a bucket).

use super::{
    MediaError, StoreFailure,
    place::{Bucket, Place},
};
use futures_util::StreamExt;
use object_store::{
    BackoffConfig, ClientOptions, ObjectMeta, ObjectStore, ObjectStoreExt, RetryConfig,
    aws::AmazonS3Builder,
    client::{HttpClient, HttpConnector},
    local::LocalFileSystem,
    path::Path as Name,
};
use payung_domain::attachment::MediaHash;
use std::{error::Error as _, fs, future::Future, io, path::Path, sync::Arc, time::Duration};
use tokio::runtime::{Builder, Runtime};

/// How long a bucket may take to take a connection, and to answer. A phone waits at most a minute.
const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(20);
/// Nothing is tried again after this: the phone comes again by itself.
const TRIES: Duration = Duration::from_secs(10);
/// Files looked at in one go; a bucket lists so many in one answer.
const PAGE: usize = 1000;

/// A file as listed.
pub(super) struct Found {
    pub(super) hash: MediaHash,
    /// When it became whole, milliseconds since 1970, by the clock of the store.
    pub(super) since: i64,
    /// In bytes.
    pub(super) length: u64,
}

/// Files by their hash, never changed. To be called from threads that may block.
pub(super) struct Objects {
    store: Arc<dyn ObjectStore>,
    prefix: Name,
    on_disk: bool,
    /// Of its own: a blocking thread of the server's must not wait for another of the same pool.
    runtime: Option<Runtime>,
}

impl Drop for Objects {
    fn drop(&mut self) {
        // an ordinary drop waits, and the last holder may be asynchronous
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Objects {
    /// A folder that is there.
    pub(super) fn on_disk(folder: &Path) -> Result<Self, MediaError> {
        // durable when a write returns, the names included
        let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| on_disk(&error))?.with_fsync(true);
        Self::on(Arc::new(store), Name::default(), true)
    }

    /// A bucket; not asked yet whether it is there.
    pub(super) fn in_bucket(bucket: &Bucket) -> Result<Self, MediaError> {
        let client = Client::new()?;
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&bucket.name)
            .with_region(&bucket.region)
            .with_access_key_id(bucket.credentials.key_id.as_str())
            .with_secret_access_key(bucket.credentials.secret.as_str())
            .with_http_connector(client)
            .with_retry(RetryConfig {
                backoff: BackoffConfig { max_backoff: Duration::from_secs(1), ..BackoffConfig::default() },
                max_retries: 2,
                retry_timeout: TRIES,
            });
        if let Some(token) = &bucket.credentials.token {
            builder = builder.with_token(token.as_str());
        }
        if let Some(endpoint) = &bucket.endpoint {
            builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
        }
        // its text could name what the builder was given
        let store = builder.build().map_err(|_| MediaError::Store(StoreFailure::Settings))?;
        Self::on(Arc::new(store), bucket.prefix.clone(), false)
    }

    /// Where `place` says; a folder is made where there is none.
    pub(super) fn open(place: &Place, folder: &Path) -> Result<Self, MediaError> {
        match place {
            Place::Disk => {
                fs::create_dir_all(folder)?;
                Self::on_disk(folder)
            }
            Place::S3(bucket) => Self::in_bucket(bucket),
        }
    }

    fn on(store: Arc<dyn ObjectStore>, prefix: Name, on_disk: bool) -> Result<Self, MediaError> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("media").enable_all().build()?;
        Ok(Self { store, prefix, on_disk, runtime: Some(runtime) })
    }

    fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.as_ref().expect("there until it is dropped").block_on(work)
    }

    fn failure(&self, error: &object_store::Error) -> MediaError {
        if self.on_disk { on_disk(error) } else { MediaError::Store(in_bucket(error)) }
    }

    fn found<T>(&self, answer: object_store::Result<T>) -> Result<Option<T>, MediaError> {
        match answer {
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            answer => answer.map(Some).map_err(|error| self.failure(&error)),
        }
    }

    /// 256 shelves, so that no folder has millions of names.
    fn name(&self, hash: MediaHash) -> Name {
        self.prefix.clone().join(format!("{:02x}", hash.0[0])).join(hash.to_string())
    }

    /// The length of a file, in bytes.
    pub(super) fn length(&self, hash: MediaHash) -> Result<Option<u64>, MediaError> {
        Ok(self.found(self.wait(self.store.head(&self.name(hash))))?.map(|file| file.size))
    }

    pub(super) fn read(&self, hash: MediaHash) -> Result<Option<Vec<u8>>, MediaError> {
        let name = self.name(hash);
        let bytes = self.wait(async { self.store.get(&name).await?.bytes().await });
        Ok(self.found(bytes)?.map(Into::into))
    }

    /// Keeps a file of this hash; durable when it returns.
    pub(super) fn put(&self, hash: MediaHash, bytes: Vec<u8>) -> Result<(), MediaError> {
        let put = self.wait(self.store.put(&self.name(hash), bytes.into()));
        put.map(drop).map_err(|error| self.failure(&error))
    }

    /// Removes a file; false where there is none.
    pub(super) fn remove(&self, hash: MediaHash) -> Result<bool, MediaError> {
        // a bucket says of what is not there that it was removed
        if self.length(hash)?.is_none() {
            return Ok(false);
        }
        Ok(self.found(self.wait(self.store.delete(&self.name(hash))))?.is_some())
    }

    fn list(&self) -> impl futures_util::Stream<Item = object_store::Result<ObjectMeta>> + Unpin {
        self.store.list((!self.prefix.as_ref().is_empty()).then_some(&self.prefix))
    }

    /// Why it did not list. A refused list comes without a kind, so the store is asked for a file that nobody has: what
    /// that is told by is the key, the bucket or the store.
    fn unlisted(&self, error: &object_store::Error) -> MediaError {
        if self.on_disk {
            return on_disk(error);
        }
        let asked = self.wait(self.store.head(&self.prefix.clone().join("none")));
        MediaError::Store(asked.err().map_or(StoreFailure::Away, |error| in_bucket(&error)))
    }

    /// Whether the store answers, by one page of its list.
    pub(super) fn answers(&self) -> Result<(), MediaError> {
        let mut list = self.list();
        self.wait(list.next()).transpose().map(drop).map_err(|error| self.unlisted(&error))
    }

    /// Hands every file on, a page at a time.
    pub(super) fn each_page<E: From<MediaError>>(
        &self,
        mut look: impl FnMut(Vec<Found>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut pages = self.list().chunks(PAGE);
        while let Some(page) = self.wait(pages.next()) {
            let mut found = Vec::with_capacity(page.len());
            for file in page {
                let file = file.map_err(|error| self.unlisted(&error))?;
                // what is not named like a file of ours is not ours to look at
                let hash = file.location.filename().and_then(|name| name.parse().ok());
                let Some(hash) = hash.filter(|hash| self.name(*hash) == file.location) else { continue };
                found.push(Found { hash, since: file.last_modified.timestamp_millis(), length: file.size });
            }
            look(found)?;
        }
        Ok(())
    }
}

/// The text of the error would have a path; its kind is enough.
fn on_disk(error: &object_store::Error) -> MediaError {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(error) = inner.downcast_ref::<io::Error>() {
            return error.kind().into();
        }
        cause = inner.source();
    }
    MediaError::Disk(io::ErrorKind::Other)
}

/// The text of the error may have the store's answer with the name of the key; its kind is enough.
fn in_bucket(error: &object_store::Error) -> StoreFailure {
    match error {
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
            StoreFailure::Refused
        }
        object_store::Error::NotFound { .. } => StoreFailure::NoBucket,
        _ => StoreFailure::Away,
    }
}

/// The workspace's HTTP client in place of object_store's own, which would bring another TLS library. A server trusts
/// whom its system trusts: an office's own store may have the office's own certificate.
#[derive(Debug)]
struct Client(reqwest::Client);

impl Client {
    fn new() -> Result<Self, MediaError> {
        // an error says that there is one already
        let _ = rustls::crypto::ring::default_provider().install_default();
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .build()
            .map(Self)
            .map_err(|_| MediaError::Store(StoreFailure::Tls))
    }
}

impl HttpConnector for Client {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.clone()))
    }
}
