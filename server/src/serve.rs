//! `payung serve`: a data directory, a socket, and what an operator must be told at the start.

use crate::{
    clock,
    http::{self, Door, HttpLimits, Shutdown},
    jobs,
    media::{Media, OpenMediaError, Place},
    service::{
        DataDir, OpenError, Service, ServiceError,
        operator::{SetupCode, SetupError},
    },
};
use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

/// Serve phones.
#[derive(Clone, Debug, clap::Args)]
pub struct ServeArgs {
    /// The data directory; made where there is none
    #[arg(long, env = "PAYUNG_DATA", default_value = "payung-data")]
    pub data: PathBuf,
    /// The address to listen on
    #[arg(long, env = "PAYUNG_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
}

/// Why the server does not run: one line each.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data directory.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The address.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The files of attachments.
    #[error(transparent)]
    Media(#[from] OpenMediaError),
    /// The first operator's code.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The service.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The system gave no threads or no signals.
    #[error("the server cannot start: {0}")]
    System(io::Error),
}

/// What an operator is told when the server is up.
#[derive(Debug)]
pub struct Welcome {
    /// Where it listens.
    pub address: SocketAddr,
    /// The root's secret still lies here.
    pub root_beside: Option<PathBuf>,
    /// The one-time code for the first operator, when there is none yet.
    pub setup_code: Option<String>,
}

/// Serves until SIGTERM or SIGINT; `welcome` is called once the socket is open.
pub fn serve(args: &ServeArgs, welcome: impl FnOnce(&Welcome)) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // blocking work is storage: more threads than this only wait for each other
        .max_blocking_threads(64)
        .build()
        .map_err(ServeError::System)?;
    let served = runtime.block_on(async {
        // the socket first, then the settings: neither may make a data directory where it is wrong
        let listen = |source| ServeError::Listen { address: args.listen, source };
        let door = Door::bind(args.listen).await.map_err(listen)?;
        let dir = DataDir::new(&args.data);
        let place = Place::of(&dir)?;
        let service = Arc::new(Service::open(&dir)?);
        let media = Arc::new(Media::of(&dir, service.keys().master(), &place)?);
        if matches!(place, Place::S3(_)) {
            let (dir, media) = (dir.clone(), media.clone());
            let asked = tokio::task::spawn_blocking(move || media.ask(&dir)).await;
            asked.map_err(|error| ServeError::System(io::Error::other(error)))??;
        }
        let setup_code = if service.officials()?.is_empty() {
            Some(SetupCode::of(&dir).make(clock::random(), clock::now())?)
        } else {
            None
        };
        let address = door.address().map_err(listen)?;
        welcome(&Welcome { address, root_beside: service.keys().root_beside(), setup_code });
        let shutdown = Shutdown::default();
        let signals = stop_on_signals(shutdown.clone()).map_err(ServeError::System)?;
        let rotating = tokio::spawn(jobs::rotate_keys(service.clone()));
        let sweeping = tokio::spawn(jobs::sweep_media(service.clone(), media.clone()));
        let cards = tokio::spawn(jobs::keep_cards(service.clone()));
        let filters = tokio::spawn(jobs::keep_filters(service.clone()));
        let files = http::media::routes(media, http::media::MediaLimits::default());
        door.serve(http::routes(service, HttpLimits::default()).merge(files), shutdown).await;
        rotating.abort();
        sweeping.abort();
        cards.abort();
        filters.abort();
        signals.abort();
        Ok(())
    });
    // a unit that is still at work when the grace is over rolls back
    runtime.shutdown_timeout(Duration::from_secs(2));
    served
}

/// The first signal asks softly, the second cuts what is under way.
fn stop_on_signals(shutdown: Shutdown) -> io::Result<tokio::task::JoinHandle<()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            shutdown.stop();
        }
    }))
}
