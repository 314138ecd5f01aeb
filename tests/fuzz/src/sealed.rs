//! Sealed bundles and the layers in them that no stranger can reach: what opens is what was sealed.

use crate::{
    messages::{self, request},
    quiet::is_quiet,
    world::{Message, WORLD},
};
use payung_protocol::{
    BundleId, Header, Limits, OpenedJoin, SealError, SealedBundle, open_join, open_join_answer, open_reply,
    open_request,
};
use std::sync::LazyLock;

const KINDS: [Message; 5] =
    [Message::Request, Message::Reply, Message::JoinRequest, Message::Renewal, Message::JoinAnswer];

/// One whole bundle of each kind.
static ORIGINALS: LazyLock<Vec<(Message, Vec<u8>)>> = LazyLock::new(|| {
    KINDS.into_iter().map(|kind| (kind, WORLD.packed(kind, messages::seeds(kind)[0].as_slice()))).collect()
});

/// Opens bytes as each of the messages that travel; one answer for each that opened.
fn opened(bytes: &[u8]) -> Vec<Message> {
    let secret = |id| WORLD.secret_of(id);
    let session = |id| WORLD.session_of(id);
    let server = |id| WORLD.server_key(id);
    let own = &WORLD.phone.device;
    let joining = |opened| match opened {
        OpenedJoin::Invited { .. } => Message::JoinRequest,
        OpenedJoin::Renewal { .. } => Message::Renewal,
    };
    let answers: [Result<Message, SealError>; 4] = [
        open_request(bytes, secret, session, Limits::REQUEST).map(|_| Message::Request),
        open_reply(bytes, own, server, &WORLD.sent, Limits::REPLY).map(|_| Message::Reply),
        open_join(bytes, secret, session).map(joining),
        open_join_answer(bytes, own, server, &WORLD.sent).map(|_| Message::JoinAnswer),
    ];
    let told = answers.iter().filter_map(|answer| answer.as_ref().err());
    told.for_each(|error| is_quiet(error, bytes));
    answers.into_iter().flatten().collect()
}

/// Bytes from a stranger: the header reads back, the limits hold, and nothing opens but the very bundles that were
/// sealed, each as what it is.
pub(crate) fn bundle(data: &[u8]) {
    let whole = ORIGINALS.iter().find(|(_, original)| original == data).map(|(kind, _)| *kind);
    assert_eq!(opened(data), Vec::from_iter(whole));
    let tight = Limits { sealed: data.len().saturating_sub(1), ..Limits::REQUEST };
    match Header::parse(data) {
        Ok(header) => {
            assert_eq!(header.bundle.to_string().parse::<BundleId>(), Ok(header.bundle));
            let fits = Limits { sealed: data.len(), ..Limits::REQUEST };
            let sealed = SealedBundle::from_bytes(data.to_vec(), fits).expect("of a known format and within the limit");
            assert_eq!((sealed.as_bytes(), sealed.sent().expect("has a header").bundle), (data, header.bundle));
            assert!(matches!(SealedBundle::from_bytes(data.to_vec(), tight), Err(SealError::TooLarge { .. })));
        }
        Err(error) => {
            is_quiet(&error, data);
            assert!(SealedBundle::from_bytes(data.to_vec(), Limits::REQUEST).is_err());
        }
    }
}

/// A whole bundle with bytes changed, cut or appended: `kind (1) || cut (1) || (place (2) || what (1))*`.
pub(crate) fn tampered(data: &[u8]) {
    let [kind, cut, changes @ ..] = data else { return };
    let (_, original) = &ORIGINALS[usize::from(*kind) % ORIGINALS.len()];
    let mut bytes = original.clone();
    for change in changes.chunks_exact(3) {
        let at = usize::from(u16::from_be_bytes([change[0], change[1]])) % (bytes.len() + 1);
        match bytes.get_mut(at) {
            Some(byte) => *byte ^= change[2],
            None => bytes.push(change[2]),
        }
    }
    bytes.truncate(bytes.len() - usize::from(*cut) % bytes.len());
    bundle(&bytes);
}

pub(crate) fn bundle_seeds() -> Vec<Vec<u8>> {
    ORIGINALS.iter().map(|(_, original)| original.clone()).collect()
}

pub(crate) fn tampered_seeds() -> Vec<Vec<u8>> {
    vec![vec![0, 0], vec![1, 0, 0, 3, 1], vec![2, 1], vec![3, 0, 0xff, 0xff, 7, 0, 40, 0x80]]
}

/// The COSE layer, sealed by somebody who knows the server's public key but not the session key: a message opens only
/// with the signature that the phone made, so it says what the phone said, however it is written down.
pub(crate) fn signed(data: &[u8]) {
    let sealed = WORLD.sealed(Message::Request, data);
    match open_request(&sealed, |id| WORLD.secret_of(id), |id| WORLD.session_of(id), Limits::REQUEST) {
        Ok(opened) => assert_eq!((opened.request, opened.bad.len()), (messages::signed_request(), 0)),
        Err(error) => is_quiet(&error, data),
    }
}

pub(crate) fn signed_seeds() -> Vec<Vec<u8>> {
    vec![messages::signed_message(), vec![0x84, 0x43, 0xa1, 0x01, 0x27, 0xa0, 0x40, 0x40], vec![0x84, 0x5b, 0xff]]
}

/// The zstd layer, signed by a joined phone: what unpacks keeps to the limit, and is a request or is refused.
pub(crate) fn packed(data: &[u8]) {
    let sealed = WORLD.signed(Message::Request, data.to_vec());
    let limits = Limits { unpacked: 64 << 10, ..Limits::REQUEST };
    match open_request(&sealed, |id| WORLD.secret_of(id), |id| WORLD.session_of(id), limits) {
        Ok(opened) => {
            let json = serde_json::to_vec(&opened.request).expect("a request is JSON");
            request(&json);
        }
        Err(error) => is_quiet(&error, data),
    }
}

pub(crate) fn packed_seeds() -> Vec<Vec<u8>> {
    let pack = |json: &[u8]| zstd::bulk::compress(json, 3).expect("packs");
    let mut seeds: Vec<_> = messages::seeds(Message::Request).iter().map(|json| pack(json)).collect();
    seeds.push(pack(&vec![b' '; 300_000]));
    // two frames, and a skippable one before
    seeds.push([pack(b"{}"), pack(b"{}")].concat());
    seeds.push([&[0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 9][..], &pack(b"{}")].concat());
    seeds
}
