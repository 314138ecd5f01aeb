//! A TCP proxy that counts bytes both ways, heads included.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// What passed, in bytes.
#[derive(Default)]
struct Counts {
    up: AtomicU64,
    down: AtomicU64,
}

/// A proxy on a port of its own, in front of one server.
pub(crate) struct CountingProxy {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    counts: Arc<Counts>,
}

impl CountingProxy {
    /// Starts one; it lives as long as the process.
    pub(crate) fn start(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let counts = Arc::new(Counts::default());
        let shared = Arc::clone(&counts);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(upstream) = TcpStream::connect(server) else { continue };
                if let (Ok(client_in), Ok(upstream_in)) = (client.try_clone(), upstream.try_clone()) {
                    let (up, down) = (Arc::clone(&shared), Arc::clone(&shared));
                    thread::spawn(move || pump(client_in, upstream, &up.up));
                    thread::spawn(move || pump(upstream_in, client, &down.down));
                }
            }
        });
        Ok(Self { address, counts })
    }

    /// Bytes up and down since the last call.
    pub(crate) fn take(&self) -> (u64, u64) {
        (self.counts.up.swap(0, Ordering::SeqCst), self.counts.down.swap(0, Ordering::SeqCst))
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream, count: &AtomicU64) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        count.fetch_add(read as u64, Ordering::SeqCst);
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    // the other end learns that nothing more comes
    drop(to.shutdown(std::net::Shutdown::Write));
}
