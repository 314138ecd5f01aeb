//! A road that can be left in the middle of an answer: a phone that is locked or put into the background must close
//! its database at once, whatever the network does.

use crate::{
    address::ServerAddress,
    transport::{Transport, TransportError, TusAnswer, TusRequest, TusRoad},
};
use payung_protocol::Endpoint;
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

/// How soon leaving is noticed.
const LOOK: Duration = Duration::from_millis(20);

/// Another road, which can be left. What was under way goes on to its own end and is thrown away: to the exchange that
/// is an answer that got lost.
pub struct Abandonable<R: ?Sized = dyn Transport> {
    road: Arc<R>,
    left: AtomicBool,
}

impl<R: ?Sized> fmt::Debug for Abandonable<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Abandonable").field("left", &self.left).finish_non_exhaustive()
    }
}

impl<R: ?Sized> Abandonable<R> {
    /// Goes by `road`.
    pub fn new(road: Arc<R>) -> Self {
        Self { road, left: AtomicBool::new(false) }
    }

    /// Every exchange on it ends now, until [`Abandonable::open`].
    pub fn leave(&self) {
        self.left.store(true, Ordering::Relaxed);
    }

    /// It may be used again.
    pub fn open(&self) {
        self.left.store(false, Ordering::Relaxed);
    }

    /// Asks on a thread of its own, and listens for as long as the road is not left.
    fn ask<A: Send + 'static>(
        &self,
        asked: impl FnOnce() -> Result<A, TransportError> + Send + 'static,
    ) -> Result<A, TransportError> {
        let (answered, answer) = mpsc::channel();
        let under_way = move || {
            // nobody may be listening any more
            drop(answered.send(asked()));
        };
        if thread::Builder::new().name("payung-road".to_owned()).spawn(under_way).is_err() {
            return Err(TransportError::Unreachable);
        }
        loop {
            if self.left.load(Ordering::Relaxed) {
                return Err(TransportError::Cut);
            }
            match answer.recv_timeout(LOOK) {
                Ok(answer) => return answer,
                Err(RecvTimeoutError::Timeout) => {}
                // it panicked
                Err(RecvTimeoutError::Disconnected) => return Err(TransportError::Cut),
            }
        }
    }
}

impl<R: Transport + ?Sized + 'static> Transport for Abandonable<R> {
    fn exchange(&self, server: &ServerAddress, endpoint: Endpoint, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        let (road, server, body) = (Arc::clone(&self.road), server.clone(), body.to_vec());
        self.ask(move || road.exchange(&server, endpoint, &body))
    }
}

impl<R: TusRoad + ?Sized + 'static> TusRoad for Abandonable<R> {
    fn tus(&self, request: TusRequest) -> Result<TusAnswer, TransportError> {
        let road = Arc::clone(&self.road);
        self.ask(move || road.tus(request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::InProcess;
    use std::sync::Barrier;

    #[test]
    fn leaving_ends_an_exchange_that_gets_no_answer() {
        let (asked, release) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
        let (at_road, held) = (Arc::clone(&asked), Arc::clone(&release));
        let road = Arc::new(Abandonable::new(Arc::new(InProcess::new(move |_, _| {
            at_road.wait();
            held.wait();
            Ok(Vec::new())
        }))));
        let other = Arc::clone(&road);
        let address = ServerAddress::parse("https://payung.example").unwrap();
        let exchange = thread::spawn(move || other.exchange(&address, Endpoint::Exchange, &[]));
        asked.wait();
        road.leave();
        assert_eq!(exchange.join().unwrap(), Err(TransportError::Cut));
        release.wait();
    }

    #[test]
    fn answer_comes_through_and_a_road_left_may_be_used_again() {
        let road = Abandonable::new(Arc::new(InProcess::new(|_, body: &[u8]| Ok(body.to_vec()))));
        let address = ServerAddress::parse("https://payung.example").unwrap();
        road.leave();
        assert_eq!(road.exchange(&address, Endpoint::Exchange, b"1"), Err(TransportError::Cut));
        road.open();
        assert_eq!(road.exchange(&address, Endpoint::Exchange, b"2"), Ok(b"2".to_vec()));
    }
}
