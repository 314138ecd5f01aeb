//! The road: a TCP proxy that counts bytes both ways, heads included, and requests, and can be cut. The same for both
//! sides; phones know its address, and it is aimed at whichever server is measured.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

/// Ends the first line of every request; JSON would escape it.
const REQUEST: &[u8] = b" HTTP/1.1\r\n";

/// What passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Passed {
    /// Bytes towards the server.
    pub(crate) up: u64,
    /// Bytes towards the phone.
    pub(crate) down: u64,
    /// HTTP requests.
    pub(crate) requests: u64,
}

#[derive(Default)]
struct Shared {
    server: Mutex<Option<SocketAddr>>,
    /// The connections under way, both ends.
    open: Mutex<Vec<Weak<TcpStream>>>,
    up: AtomicU64,
    down: AtomicU64,
    requests: AtomicU64,
    /// So many bytes up, then everything is cut; 0 = never.
    cut_after: AtomicU64,
    broken: AtomicBool,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A road on a port of its own.
pub(crate) struct Road {
    /// Where phones find it.
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

impl Road {
    /// Opens one; it lives as long as the process.
    pub(crate) fn open() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let of_listener = Arc::clone(&shared);
        thread::spawn(move || {
            for phone in listener.incoming().flatten() {
                // a phone that is let go at once finds no network
                drop(carry(phone, &of_listener));
            }
        });
        Ok(Self { address, shared })
    }

    /// `http://127.0.0.1:port`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Leads to this server from now on.
    pub(crate) fn aim(&self, server: SocketAddr) {
        *locked(&self.shared.server) = Some(server);
    }

    /// What passed since the last call.
    pub(crate) fn take(&self) -> Passed {
        let taken = |count: &AtomicU64| count.swap(0, Ordering::SeqCst);
        Passed { up: taken(&self.shared.up), down: taken(&self.shared.down), requests: taken(&self.shared.requests) }
    }

    /// After so many bytes up, counted from here, every connection is cut and none is had until [`Road::mend`].
    pub(crate) fn cut_after(&self, bytes: u64) {
        self.take();
        self.shared.cut_after.store(bytes, Ordering::SeqCst);
    }

    /// There is a network again.
    pub(crate) fn mend(&self) {
        self.shared.cut_after.store(0, Ordering::SeqCst);
        self.shared.broken.store(false, Ordering::SeqCst);
    }
}

impl Shared {
    fn is_broken(&self) -> bool {
        self.broken.load(Ordering::SeqCst)
    }

    fn cut(&self) {
        self.broken.store(true, Ordering::SeqCst);
        for stream in locked(&self.open).drain(..).filter_map(|stream| stream.upgrade()) {
            drop(stream.shutdown(Shutdown::Both));
        }
    }
}

fn carry(phone: TcpStream, shared: &Arc<Shared>) -> io::Result<()> {
    let server = *locked(&shared.server);
    let Some(server) = server.filter(|_| !shared.is_broken()) else { return Ok(()) };
    let server = TcpStream::connect(server)?;
    // a head and its body are two writes: neither may wait for the other's acknowledgement
    phone.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (phone, server) = (Arc::new(phone), Arc::new(server));
    let mut open = locked(&shared.open);
    open.retain(|stream| stream.strong_count() > 0);
    open.extend([Arc::downgrade(&phone), Arc::downgrade(&server)]);
    drop(open);
    let (phone_in, server_in) = (Arc::clone(&phone), Arc::clone(&server));
    let (of_up, of_down) = (Arc::clone(shared), Arc::clone(shared));
    thread::spawn(move || up(&phone_in, &server, &of_up));
    thread::spawn(move || down(&server_in, &phone, &of_down));
    Ok(())
}

fn up(mut phone: &TcpStream, mut server: &TcpStream, shared: &Shared) {
    let mut chunk = vec![0; 64 << 10];
    let mut seen = Vec::new();
    while let Ok(read @ 1..) = phone.read(&mut chunk) {
        let limit = shared.cut_after.load(Ordering::SeqCst);
        let before = shared.up.fetch_add(read as u64, Ordering::SeqCst);
        let over = if limit == 0 { 0 } else { (before + read as u64).saturating_sub(limit) };
        let passes = read.saturating_sub(usize::try_from(over).unwrap_or(usize::MAX));
        shared.up.fetch_sub((read - passes) as u64, Ordering::SeqCst);
        shared.requests.fetch_add(requests(&mut seen, &chunk[..passes]), Ordering::SeqCst);
        if server.write_all(&chunk[..passes]).is_err() {
            break;
        }
        if passes < read {
            shared.cut();
        }
    }
    // the other end learns that nothing more comes
    drop(server.shutdown(Shutdown::Write));
}

fn down(mut server: &TcpStream, mut phone: &TcpStream, shared: &Shared) {
    let mut chunk = vec![0; 64 << 10];
    while let Ok(read @ 1..) = server.read(&mut chunk) {
        if shared.is_broken() {
            break;
        }
        shared.down.fetch_add(read as u64, Ordering::SeqCst);
        if phone.write_all(&chunk[..read]).is_err() {
            break;
        }
    }
    drop(phone.shutdown(Shutdown::Write));
}

/// Requests that begin in `chunk`, or began at the end of what was `seen` before it.
fn requests(seen: &mut Vec<u8>, chunk: &[u8]) -> u64 {
    seen.extend_from_slice(chunk);
    let found = seen.windows(REQUEST.len()).filter(|window| *window == REQUEST).count();
    seen.drain(..seen.len().saturating_sub(REQUEST.len() - 1));
    found as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers each request's last byte, `!`, with `ok`.
    fn server() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                thread::spawn(move || {
                    let mut byte = [0; 1];
                    while client.read(&mut byte).unwrap_or(0) == 1 {
                        if byte == *b"!" {
                            drop(client.write_all(b"ok"));
                        }
                    }
                });
            }
        });
        address
    }

    fn ask(phone: &mut TcpStream, request: &[u8]) -> Option<[u8; 2]> {
        let mut answer = [0; 2];
        phone.write_all(request).and_then(|()| phone.read_exact(&mut answer)).ok().map(|()| answer)
    }

    #[test]
    fn bytes_and_requests_are_counted_over_a_connection_that_is_kept() {
        let road = Road::open().unwrap();
        road.aim(server());
        let mut phone = TcpStream::connect(road.address).unwrap();
        assert_eq!(ask(&mut phone, b"GET / HTTP/1.1\r\n\r\n!"), Some(*b"ok"));
        assert_eq!(ask(&mut phone, b"POST /a HTTP/1.1\r\n\r\nbody!"), Some(*b"ok"));
        assert_eq!(road.take(), Passed { up: 19 + 25, down: 4, requests: 2 });
        assert_eq!(road.take(), Passed::default());
    }

    #[test]
    fn a_request_line_that_arrives_in_two_pieces_is_one_request() {
        let mut seen = Vec::new();
        let counts = [b"GET / HTTP/1".as_slice(), b".1\r\nhost: a\r\n\r\nPOST /b HTTP/1.1\r\n", b"\r\n"]
            .map(|piece| requests(&mut seen, piece));
        assert_eq!(counts, [0, 2, 0]);
    }

    #[test]
    fn a_cut_road_lets_exactly_so_many_bytes_pass_and_none_until_it_is_mended() {
        let road = Road::open().unwrap();
        road.aim(server());
        road.cut_after(5);
        let mut phone = TcpStream::connect(road.address).unwrap();
        assert_eq!(ask(&mut phone, b"0123456789!"), None);
        assert_eq!(road.take().up, 5);
        assert_eq!(TcpStream::connect(road.address).ok().and_then(|mut again| ask(&mut again, b"again!")), None);
        assert_eq!(road.take().up, 0);
        road.mend();
        assert_eq!(ask(&mut TcpStream::connect(road.address).unwrap(), b"again!"), Some(*b"ok"));
    }
}
