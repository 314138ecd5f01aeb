//! The road between a phone and the server: a proxy on this machine that counts bytes, is as slow as it is told, and
//! can be told to cut, to fall silent, to lose an answer, or to keep a request waiting.

mod shape;
mod trouble;

pub use shape::Shape;
pub use trouble::Trouble;

use shape::Passing;

use std::{
    io::{self, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

#[derive(Default)]
struct State {
    troubles: Vec<Trouble>,
    /// How many troubles have happened.
    happened: usize,
    holding: bool,
    pass: bool,
    heard: Option<Heard>,
}

/// What came from both ends, whether it was carried on or not.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// From the phones.
    pub up: Vec<u8>,
    /// From the server.
    pub down: Vec<u8>,
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

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Road {
    /// A road to `server`, as fast as this machine.
    ///
    /// # Errors
    /// No port is free.
    pub fn open(server: SocketAddr) -> io::Result<Self> {
        Self::shaped(server, Shape::FREE, 0)
    }

    /// A road as slow and lossy as `shape` says; which segments are lost follows from `seed`.
    ///
    /// # Errors
    /// No port is free.
    pub fn shaped(server: SocketAddr, shape: Shape, seed: u64) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let held = Arc::clone(&shared);
        let mut rng = fastrand::Rng::with_seed(seed);
        thread::spawn(move || {
            for phone in listener.incoming().flatten() {
                if held.closed.load(Ordering::SeqCst) {
                    return;
                }
                let (shared, rng) = (Arc::clone(&held), rng.fork());
                thread::spawn(move || drop(carry(&phone, server, &shape, rng, &shared)));
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

    /// Keeps what comes from now on, for [`Road::heard`].
    pub fn listen(&self) {
        self.shared.state().heard = Some(Heard::default());
    }

    /// What came since [`Road::listen`].
    pub fn heard(&self) -> Heard {
        self.shared.state().heard.take().unwrap_or_default()
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

/// What has befallen a connection, seen from both directions.
#[derive(Default)]
struct Turn {
    lose: AtomicBool,
    silent: AtomicBool,
    /// Bytes that still pass towards the phone.
    down_left: Mutex<Option<u64>>,
}

/// One connection of a phone; each request on it is one turn.
fn carry(
    phone: &TcpStream,
    server: SocketAddr,
    shape: &Shape,
    mut rng: fastrand::Rng,
    shared: &Shared,
) -> io::Result<()> {
    phone.set_nodelay(true)?;
    // the handshake's round trip
    thread::sleep(shape.round_trip);
    let server = TcpStream::connect(server)?;
    server.set_nodelay(true)?;
    let turn = Turn::default();
    let mut other = rng.fork();
    let done = thread::scope(|scope| {
        let downstream =
            scope.spawn(|| shape::carry(shape, &server, phone, &mut other, |chunk| down(chunk, &turn, shared)));
        let mut cut: Option<u64> = None;
        let went = shape::carry(shape, phone, &server, &mut rng, |chunk| up(chunk, phone, &mut cut, &turn, shared));
        drop(server.shutdown(Shutdown::Write));
        drop(downstream.join());
        went
    });
    drop(phone.shutdown(Shutdown::Both));
    done
}

/// What passes of the bytes a phone sent.
fn up(chunk: &[u8], mut phone: &TcpStream, cut: &mut Option<u64>, turn: &Turn, shared: &Shared) -> Passing {
    if let Some(heard) = &mut shared.state().heard {
        heard.up.extend_from_slice(chunk);
    }
    let trouble = next_trouble(shared, chunk);
    if trouble.is_some() {
        // a later exchange on a connection that was to be cut further on: its own trouble takes that one's place
        *cut = None;
        *left(turn) = None;
    }
    match trouble {
        Some(Trouble::CutUploadAfter(bytes)) => *cut = Some(bytes),
        Some(Trouble::CutDownloadAfter(bytes)) => *left(turn) = Some(bytes),
        Some(Trouble::SilentAfter(bytes)) => {
            turn.silent.store(true, Ordering::SeqCst);
            *cut = Some(bytes);
        }
        Some(Trouble::LoseAnswer) => turn.lose.store(true, Ordering::SeqCst),
        Some(Trouble::Hold) => hold(shared),
        Some(Trouble::Portal) => {
            turn.silent.store(true, Ordering::SeqCst);
            *cut = Some(0);
            // whether the phone reads it is its business
            drop(phone.write_all(trouble::PORTAL));
            drop(phone.shutdown(Shutdown::Write));
        }
        None => {}
    }
    let mut passing = Passing { bytes: chunk.len(), cut: false };
    if let Some(left) = cut {
        passing.bytes = passing.bytes.min(usize::try_from(*left).unwrap_or(usize::MAX));
        *left -= passing.bytes as u64;
        passing.cut = *left == 0 && !turn.silent.load(Ordering::SeqCst);
    }
    shared.up.fetch_add(passing.bytes as u64, Ordering::SeqCst);
    passing
}

/// What passes of the bytes the server sent.
fn down(chunk: &[u8], turn: &Turn, shared: &Shared) -> Passing {
    if let Some(heard) = &mut shared.state().heard {
        heard.down.extend_from_slice(chunk);
    }
    if turn.lose.load(Ordering::SeqCst) {
        // the server has done its work: from here on the phone hears nothing
        return Passing { bytes: 0, cut: true };
    }
    if turn.silent.load(Ordering::SeqCst) {
        return Passing { bytes: 0, cut: false };
    }
    let mut passing = Passing { bytes: chunk.len(), cut: false };
    if let Some(left) = &mut *left(turn) {
        passing.bytes = passing.bytes.min(usize::try_from(*left).unwrap_or(usize::MAX));
        *left -= passing.bytes as u64;
        passing.cut = *left == 0;
    }
    shared.down.fetch_add(passing.bytes as u64, Ordering::SeqCst);
    passing
}

fn left(turn: &Turn) -> MutexGuard<'_, Option<u64>> {
    turn.down_left.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The trouble that waits, if an exchange or the upload of a photo begins here: key lists are left alone.
fn next_trouble(shared: &Shared, chunk: &[u8]) -> Option<Trouble> {
    if !chunk.starts_with(b"POST /v1/exchange") && !chunk.starts_with(b"POST /v1/media") {
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
    use std::io::Read;

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
        road.trouble(Trouble::CutDownloadAfter(1));
        assert_eq!([ask(&road), ask(&road), ask(&road), ask(&road)], ["", "", "o", "ok"]);
        assert_eq!(road.happened(), 3);
        while arrived.lock().unwrap().len() < 2 {
            thread::yield_now();
        }
        assert_eq!(arrived.lock().unwrap()[..2], ["POST /".to_owned(), "POST /v1/exchange END".to_owned()]);
    }

    #[test]
    fn a_portal_answers_itself_and_silence_lasts_until_the_phone_gives_up() {
        let (address, arrived) = server();
        let road = Road::open(address).unwrap();
        road.trouble(Trouble::Portal);
        assert_eq!(ask(&road), "HT");
        road.trouble(Trouble::SilentAfter(4));
        let mut phone = TcpStream::connect(road.address).unwrap();
        phone.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        phone.write_all(b"POST /v1/exchange END").unwrap();
        let error = phone.read(&mut [0; 2]).unwrap_err().kind();
        assert!(matches!(error, io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut), "{error}");
        drop(phone);
        while arrived.lock().unwrap().len() < 2 {
            thread::yield_now();
        }
        assert_eq!(*arrived.lock().unwrap(), ["", "POST"]);
    }

    #[test]
    fn a_shaped_road_carries_the_same_bytes_and_keeps_what_it_heard() {
        let (address, _) = server();
        let shape = Shape { round_trip: Duration::from_millis(4), segment: 1, ..Shape::FREE };
        let road = Road::shaped(address, shape, 1).unwrap();
        road.listen();
        assert_eq!(ask(&road).as_bytes()[0], b'o');
        let heard = road.heard();
        assert_eq!(
            (heard.up.as_slice(), heard.down.as_slice()),
            (b"POST /v1/exchange END".as_slice(), b"ok".as_slice())
        );
        assert_eq!((road.bytes_up(), road.bytes_down()), (21, 2));
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
