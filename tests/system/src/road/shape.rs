//! How slow and how lossy a road is.
//!
//! The proxy carries the bytes of TCP connections, not packets, so it shows what loss does to such a connection: the
//! bytes come late, in order, or the connection breaks. Bytes are cut into segments of at most 1,400 bytes. Each takes
//! its time on a line of the given rate, then the way of half a round trip. A lost one comes after a retransmission
//! time-out of one second, doubled each time it is lost again (RFC 6298, 2.4 and 5.5), and holds up those behind it; lost
//! six times in a row, the connection breaks. A new connection costs one round trip, as its handshake does. Not
//! modelled: fast retransmission (which needs more segments under way than these requests have), a lost
//! acknowledgement, congestion windows, other users of the line.

use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    sync::{Condvar, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// A road's rate, delay and loss, the same both ways.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Bytes a second; none = as fast as this machine.
    pub rate: Option<u32>,
    /// There and back.
    pub round_trip: Duration,
    /// The share of segments lost, 0 to 1.
    pub loss: f64,
    /// Bytes of a segment.
    pub segment: usize,
}

const SEGMENT: usize = 1400;
const RETRANSMISSION: Duration = Duration::from_secs(1);
const TRIES: u32 = 6;

impl Shape {
    /// As fast as this machine.
    pub const FREE: Self = Self { rate: None, round_trip: Duration::ZERO, loss: 0.0, segment: SEGMENT };

    /// 64 kbit/s, 600 ms there and back: a good day on 2G.
    pub const SLOW: Self = Self { rate: Some(8000), round_trip: Duration::from_millis(600), ..Self::FREE };

    /// The same with 30 % loss: the edge of a cell.
    pub const LOSSY: Self = Self { loss: 0.3, ..Self::SLOW };

    /// Every byte in a segment of its own.
    pub const DRIPPING: Self = Self { segment: 1, ..Self::FREE };

    /// When a segment arrives that is sent now; none when the connection breaks over it.
    fn arrival(
        &self,
        line_free: &mut Instant,
        before: Instant,
        bytes: usize,
        rng: &mut fastrand::Rng,
    ) -> Option<Instant> {
        let begin = (*line_free).max(Instant::now());
        let seconds =
            self.rate.map_or(0.0, |rate| f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / f64::from(rate));
        *line_free = begin + Duration::from_secs_f64(seconds);
        let lost = (0..TRIES).take_while(|_| rng.f64() < self.loss).count();
        let lost = u32::try_from(lost).unwrap_or(TRIES);
        if lost == TRIES {
            return None;
        }
        let late = RETRANSMISSION * ((1 << lost) - 1);
        Some((*line_free + self.round_trip / 2 + late).max(before))
    }
}

/// What is done with the bytes that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Passing {
    /// The first so many are carried on, the rest is dropped.
    pub(super) bytes: usize,
    /// Then both ends are cut.
    pub(super) cut: bool,
}

#[derive(Default)]
struct Queue {
    segments: VecDeque<(Instant, Vec<u8>)>,
    ended: bool,
}

/// Carries bytes one way until the end of `from`, or until `each`, which sees all that comes, says to cut.
pub(super) fn carry(
    shape: &Shape,
    mut from: &TcpStream,
    to: &TcpStream,
    rng: &mut fastrand::Rng,
    mut each: impl FnMut(&[u8]) -> Passing,
) -> io::Result<()> {
    let (queue, changed) = (Mutex::new(Queue::default()), Condvar::new());
    let lock = || queue.lock().unwrap_or_else(PoisonError::into_inner);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut to = to;
            loop {
                let mut waiting = lock();
                let (at, bytes) = loop {
                    match waiting.segments.pop_front() {
                        Some(segment) => break segment,
                        None if waiting.ended => return,
                        None => waiting = changed.wait(waiting).unwrap_or_else(PoisonError::into_inner),
                    }
                };
                drop(waiting);
                thread::sleep(at.saturating_duration_since(Instant::now()));
                if to.write_all(&bytes).is_err() {
                    return;
                }
            }
        });
        let mut chunk = vec![0; 16 << 10];
        let (mut line_free, mut last) = (Instant::now(), Instant::now());
        let done = loop {
            let read = match from.read(&mut chunk) {
                Ok(0) => break Ok(false),
                Ok(read) => read,
                Err(error) => break Err(error),
            };
            let passing = each(&chunk[..read]);
            let mut broken = passing.cut;
            for segment in chunk[..passing.bytes].chunks(shape.segment) {
                let Some(at) = shape.arrival(&mut line_free, last, segment.len(), rng) else {
                    broken = true;
                    break;
                };
                last = at;
                lock().segments.push_back((at, segment.to_vec()));
                changed.notify_one();
            }
            if broken {
                break Ok(true);
            }
        };
        lock().ended = true;
        changed.notify_one();
        done
    })
    .map(|cut| {
        if cut {
            drop(to.shutdown(Shutdown::Both));
            drop(from.shutdown(Shutdown::Both));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_take_their_time_and_arrive_in_order() {
        let mut rng = fastrand::Rng::with_seed(1);
        let now = Instant::now();
        let (mut free, mut last) = (now, now);
        let mut late = 0;
        for i in 1..200_u32 {
            let Some(at) = Shape::LOSSY.arrival(&mut free, last, 800, &mut rng) else { continue };
            assert!(at >= last && at >= now + Duration::from_millis(100) * i + Duration::from_millis(300));
            late += u32::from(at > free + Duration::from_secs(1));
            last = at;
        }
        assert!(late > 20);
    }

    #[test]
    fn a_segment_lost_again_and_again_breaks_the_connection() {
        let dead = Shape { loss: 1.0, ..Shape::FREE };
        let now = Instant::now();
        assert_eq!(dead.arrival(&mut now.clone(), now, 1, &mut fastrand::Rng::with_seed(1)), None);
        let lost = (0..10_000).filter(|&seed| {
            Shape::LOSSY.arrival(&mut now.clone(), now, 1, &mut fastrand::Rng::with_seed(seed)).is_none()
        });
        assert!((1..50).contains(&lost.count()));
    }
}
