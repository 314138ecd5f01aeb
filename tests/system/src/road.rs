//! The road between a phone and the server: a proxy on this machine that counts bytes and can be told to cut, to lose
//! an answer, or to keep a request waiting.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

/// What befalls the next connection that carries anything; each trouble befalls one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// So many bytes of the request pass, then both ends are cut.
    CutUploadAfter(u64),
    /// The request passes and is answered, but the answer never arrives.
    LoseAnswer,
    /// The request waits on the road until [`Road::let_pass`].
    Hold,
}

#[derive(Default)]
struct State {
    troubles: Vec<Trouble>,
    /// How many troubles have happened.
    happened: usize,
    holding: bool,
    pass: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    up: AtomicU64,
    down: AtomicU64,
    closed: AtomicBool,
}

/// A proxy to one server, on a port of its own. Ends with the value.
pub struct Road {
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// A defect of the machine rather than of what is tested.
const PATIENCE: Duration = Duration::from_secs(60);
const CHUNK: usize = 16 << 10;

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Road {
    /// A road to `server`.
    ///
    /// # Errors
    /// No port is free.
    pub fn open(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let held = Arc::clone(&shared);
        thread::spawn(move || {
            for phone in listener.incoming().flatten() {
                if held.closed.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&held);
                thread::spawn(move || drop(carry(&phone, server, &shared)));
            }
        });
        Ok(Self { address, shared })
    }

    /// `http://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Makes trouble for a coming connection, after those already waiting.
    pub fn trouble(&self, trouble: Trouble) {
        self.shared.state().troubles.push(trouble);
    }

    /// Waits until a request is held, by [`Trouble::Hold`].
    ///
    /// # Errors
    /// None came.
    pub fn wait_for_held(&self) -> io::Result<()> {
        let (state, timeout) = self
            .shared
            .changed
            .wait_timeout_while(self.shared.state(), PATIENCE, |state| !state.holding)
            .unwrap_or_else(PoisonError::into_inner);
        drop(state);
        if timeout.timed_out() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
    }

    /// Lets the held request go on.
    pub fn let_pass(&self) {
        self.shared.state().pass = true;
        self.shared.changed.notify_all();
    }

    /// How many of the troubles have happened.
    pub fn happened(&self) -> usize {
        self.shared.state().happened
    }

    /// Bytes from the phone towards the server, heads included.
    pub fn bytes_up(&self) -> u64 {
        self.shared.up.load(Ordering::SeqCst)
    }

    /// Bytes from the server towards the phone.
    pub fn bytes_down(&self) -> u64 {
        self.shared.down.load(Ordering::SeqCst)
    }
}

impl Drop for Road {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        // wakes the listener; that nobody listens any more is as good
        drop(TcpStream::connect(self.address));
    }
}

/// One connection of a phone; each request on it is one turn.
fn carry(phone: &TcpStream, server: SocketAddr, shared: &Shared) -> io::Result<()> {
    phone.set_nodelay(true)?;
    let server = TcpStream::connect(server)?;
    server.set_nodelay(true)?;
    let lose = Arc::new(AtomicBool::new(false));
    let done = thread::scope(|scope| {
        let downstream = scope.spawn(|| down(&server, phone, shared, &lose));
        let went = up(phone, &server, shared, &lose);
        drop(server.shutdown(Shutdown::Write));
        drop(downstream.join());
        went
    });
    drop(phone.shutdown(Shutdown::Both));
    done
}

fn up(mut phone: &TcpStream, mut server: &TcpStream, shared: &Shared, lose: &AtomicBool) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    let mut cut: Option<u64> = None;
    loop {
        let mut read = phone.read(&mut chunk)?;
        if read == 0 {
            return Ok(());
        }
        if cut.is_none() && !lose.load(Ordering::SeqCst) {
            match next_trouble(shared, chunk.get(..read).unwrap_or_default()) {
                Some(Trouble::CutUploadAfter(bytes)) => cut = Some(bytes),
                Some(Trouble::LoseAnswer) => lose.store(true, Ordering::SeqCst),
                Some(Trouble::Hold) => hold(shared),
                None => {}
            }
        }
        if let Some(left) = &mut cut {
            read = read.min(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= read as u64;
        }
        shared.up.fetch_add(read as u64, Ordering::SeqCst);
        server.write_all(&chunk[..read])?;
        if cut == Some(0) {
            drop(server.shutdown(Shutdown::Both));
            drop(phone.shutdown(Shutdown::Both));
            return Ok(());
        }
    }
}

fn down(mut server: &TcpStream, mut phone: &TcpStream, shared: &Shared, lose: &AtomicBool) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = server.read(&mut chunk)?;
        if read == 0 {
            return Ok(());
        }
        if lose.load(Ordering::SeqCst) {
            // the server has done its work: from here on the phone hears nothing
            drop(phone.shutdown(Shutdown::Both));
            drop(server.shutdown(Shutdown::Both));
            return Ok(());
        }
        shared.down.fetch_add(read as u64, Ordering::SeqCst);
        phone.write_all(&chunk[..read])?;
    }
}

/// The trouble that waits, if a request with a body begins here: key lists are left alone.
fn next_trouble(shared: &Shared, chunk: &[u8]) -> Option<Trouble> {
    if !chunk.starts_with(b"POST /v1/exchange") {
        return None;
    }
    let mut state = shared.state();
    if state.troubles.is_empty() {
        return None;
    }
    state.happened += 1;
    Some(state.troubles.remove(0))
}

fn hold(shared: &Shared) {
    let mut state = shared.state();
    state.holding = true;
    shared.changed.notify_all();
    let waited = shared.changed.wait_timeout_while(state, PATIENCE, |state| !state.pass);
    let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
    state.holding = false;
    state.pass = false;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers every POST with `ok`, and says what arrived.
    fn server() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&arrived);
        thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let mut text = Vec::new();
                let mut byte = [0; 1];
                while client.read(&mut byte).unwrap_or(0) == 1 {
                    text.push(byte[0]);
                    if text.ends_with(b"END") {
                        drop(client.write_all(b"ok"));
                    }
                }
                kept.lock().unwrap().push(String::from_utf8_lossy(&text).into_owned());
            }
        });
        (address, arrived)
    }

    fn ask(road: &Road) -> String {
        let mut phone = TcpStream::connect(road.address).unwrap();
        phone.write_all(b"POST /v1/exchange END").unwrap();
        let mut answer = [0; 2];
        let length = phone.read(&mut answer).unwrap_or(0);
        String::from_utf8_lossy(&answer[..length]).into_owned()
    }

    #[test]
    fn each_trouble_befalls_one_connection() {
        let (address, arrived) = server();
        let road = Road::open(address).unwrap();
        road.trouble(Trouble::CutUploadAfter(6));
        road.trouble(Trouble::LoseAnswer);
        assert_eq!([ask(&road), ask(&road), ask(&road)], ["", "", "ok"]);
        assert_eq!(road.happened(), 2);
        while arrived.lock().unwrap().len() < 2 {
            thread::yield_now();
        }
        assert_eq!(arrived.lock().unwrap()[..2], ["POST /".to_owned(), "POST /v1/exchange END".to_owned()]);
    }

    #[test]
    fn a_held_request_waits_until_it_may_pass() {
        let (address, _) = server();
        let road = Road::open(address).unwrap();
        road.trouble(Trouble::Hold);
        thread::scope(|scope| {
            let asked = scope.spawn(|| ask(&road));
            road.wait_for_held().unwrap();
            assert_eq!(road.bytes_up(), 0);
            road.let_pass();
            assert_eq!(asked.join().unwrap(), "ok");
        });
    }
}
