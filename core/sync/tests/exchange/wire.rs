//! The same by HTTP: the real client, the real server, and a relay between them that counts bytes.

use crate::support::{Clock, Office, Phone, RT5, RT6};
use payung_server::http::{Door, HttpLimits, Shutdown, routes};
use payung_sync::{HttpTransport, Timeouts};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// Bytes of HTTP, heads included.
#[derive(Clone, Default)]
struct Counted {
    up: Arc<AtomicUsize>,
    down: Arc<AtomicUsize>,
}

impl Counted {
    /// Since last asked.
    fn taken(&self) -> (usize, usize) {
        (self.up.swap(0, Ordering::SeqCst), self.down.swap(0, Ordering::SeqCst))
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, count: Arc<AtomicUsize>) {
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        // until one of them hangs up
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            count.fetch_add(read, Ordering::SeqCst);
            if to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
    });
}

fn relay(server: SocketAddr) -> (SocketAddr, Counted) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, counted) = (listener.local_addr().unwrap(), Counted::default());
    let counts = counted.clone();
    thread::spawn(move || {
        for phone in listener.incoming() {
            let (phone, server) = (phone.unwrap(), TcpStream::connect(server).unwrap());
            pass_on(phone.try_clone().unwrap(), server.try_clone().unwrap(), Arc::clone(&counts.up));
            pass_on(server, phone, Arc::clone(&counts.down));
        }
    });
    (address, counted)
}

#[test]
fn over_http_everything_arrives_and_nothing_to_do_costs_at_most_400_bytes_each_way() {
    let office = Office::open(&Clock::start());
    let (service, shutdown) = (Arc::clone(&office.service), Shutdown::default());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let door = runtime.block_on(Door::bind("127.0.0.1:0".parse().unwrap())).unwrap();
    let (address, counted) = relay(door.address().unwrap());
    let serving = runtime.spawn(door.serve(routes(service, HttpLimits::default()), shutdown.clone()));

    let http = HttpTransport::new(Timeouts::default()).unwrap();
    let phone = Phone::new(&office.clock, RT5, 1);
    let link = office.invite_as("Siti Aminah", RT5, None, &[&format!("http://{address}")]);
    phone.join(&link, &http).unwrap();
    let ids: Vec<_> = (0..70).map(|_| phone.register()).collect();
    let report = phone.sync(&http).unwrap();
    assert_eq!((report.uploaded, phone.outstanding()), (210, 0));
    assert!(ids.iter().all(|ids| office.has(ids.worker) && office.has(ids.event)));
    // once more, so that the server has heard what was seen
    phone.sync(&http).unwrap();
    counted.taken();
    let report = phone.sync(&http).unwrap();
    let (up, down) = counted.taken();
    println!("nothing to do: {up} B up, {down} B down, of them sealed {} and {}", report.bytes_up, report.bytes_down);
    assert_eq!((report.requests, report.changes), (1, 0));
    assert!((1..=400).contains(&up) && (1..=400).contains(&down), "{up} B up, {down} B down");
    // an operator changes the area: the newer certificate comes by the same road, and all is quiet again after it
    let device = phone.store.identity().unwrap().unwrap().device;
    office.assign(device, &[RT6, RT5]);
    assert!(phone.sync(&http).unwrap().renewed);
    assert_eq!(phone.store.identity().unwrap().unwrap().area.as_str(), RT6);
    phone.sync(&http).unwrap();
    counted.taken();
    assert_eq!(phone.sync(&http).unwrap().requests, 1);
    let (up, down) = counted.taken();
    // the bar is for the one area of an official; each further one is told of in the cursor and the sums
    assert!((1..=432).contains(&up) && (1..=432).contains(&down), "{up} B up, {down} B down with two areas");
    drop(http);
    shutdown.stop();
    runtime.block_on(serving).unwrap();
}
