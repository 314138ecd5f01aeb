"""Opens what core/protocol seals with implementations nobody here wrote: pyhpke, pycose, zstandard, cbor2.

    python3 bundles.py core/protocol/tests/golden/bundles.json

Each bundle must decrypt, verify and decompress to the message written beside it, and must be refused when a bit is
changed, when it is said to answer another request, or when another key is asked. Exit code 0 only if all hold.
"""

import hashlib
import json
import sys
from pathlib import Path

import cbor2
import zstandard
from common.tally import Tally
from pycose.headers import KID, Algorithm
from pycose.keys import OKPKey
from pycose.keys.curves import Ed25519
from pycose.algorithms import EdDSA
from pycose.messages import Sign1Message
from pyhpke import AEADId, CipherSuite, KDFId, KEMId, KEMKey

HEADER = 1 + 8 + 16
ENCAPPED = 32
SUITE = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.CHACHA20_POLY1305)


class Refused(Exception):
    """What must be refused was, by this rule."""


def key_id(public: bytes) -> bytes:
    return hashlib.sha256(public).digest()[:8]


def decrypt(sealed: bytes, secret: bytes, public: bytes) -> bytes:
    """HPKE base mode; the clear header is the aad."""
    header, rest = sealed[:HEADER], sealed[HEADER:]
    if header[0] != 1:
        raise Refused("version")
    if header[1:9] != key_id(public):
        raise Refused("receiver key id")
    key = KEMKey.from_pyca_cryptography_key(x25519(secret))
    recipient = SUITE.create_recipient_context(rest[:ENCAPPED], key, info=b"")
    return recipient.open(rest[ENCAPPED:], aad=header)


def x25519(secret: bytes):
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    return X25519PrivateKey.from_private_bytes(secret)


def verify(signed: bytes, aad: bytes, public: bytes, kid: bytes) -> bytes:
    """COSE_Sign1, untagged; answers the payload."""
    message = Sign1Message.from_cose_obj(cbor2.loads(signed), allow_unknown_attributes=False)
    if message.uhdr:
        raise Refused("unprotected headers")
    if message.phdr.get(Algorithm) != EdDSA:
        raise Refused("algorithm")
    if message.phdr.get(KID) != kid:
        raise Refused("kid")
    message.external_aad = aad
    message.key = OKPKey(crv=Ed25519, x=public)
    if not message.verify_signature():
        raise Refused("signature")
    return message.payload


def open_bundle(entry: dict, sealed: bytes, answers: bytes | None) -> object:
    secret, public = bytes.fromhex(entry["receiver_secret"]), bytes.fromhex(entry["receiver_public"])
    signed = decrypt(sealed, secret, public)
    header = sealed[:HEADER]
    aad = entry["context"].encode() + header + header[1:9] + (answers or b"")
    payload = verify(signed, aad, bytes.fromhex(entry["signer_public"]), bytes.fromhex(entry["kid"]))
    reader = zstandard.ZstdDecompressor().decompressobj()
    text = reader.decompress(payload)
    if not reader.eof or reader.unused_data:
        raise Refused("frame")
    return json.loads(text)


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def judge_bundle(tally: Tally, entry: dict) -> None:
    name, sealed = entry["name"], bytes.fromhex(entry["sealed"])
    answers = bytes.fromhex(entry["answers"]) if entry["answers"] else None
    try:
        message = open_bundle(entry, sealed, answers)
    except Exception as error:  # noqa: BLE001 - told, then counted
        print(f"{name}: {type(error).__name__}: {error}")
        message = None
    tally.check(f"{name} opens to its message", message == entry["message"])
    derived = x25519(bytes.fromhex(entry["receiver_secret"])).public_key().public_bytes_raw()
    tally.check(f"{name}: the receiver's keys belong together", derived.hex() == entry["receiver_public"])

    for part, at in [("version", 0), ("receiver", 3), ("bundle id", 12), ("encapsulated key", HEADER + 5)]:
        tally.refused(f"{name} with a changed {part}", lambda: open_bundle(entry, flipped(sealed, at), answers))
    for at in range(HEADER + ENCAPPED, len(sealed), 7):
        tally.refused(f"{name} with byte {at} changed", lambda: open_bundle(entry, flipped(sealed, at), answers))
    tally.refused(f"{name} cut", lambda: open_bundle(entry, sealed[:-1], answers))
    other = hashlib.sha256(b"another request").digest()
    tally.refused(f"{name} as the answer to another request", lambda: open_bundle(entry, sealed, other))
    join, exchange = "payung/join/1", "payung/exchange/1"
    context = exchange if entry["context"] == join else join
    tally.refused(f"{name} in another context", lambda: open_bundle({**entry, "context": context}, sealed, answers))
    tally.refused(f"{name} in another's name", lambda: open_bundle({**entry, "kid": "00" * 16}, sealed, answers))


def judge_signed(tally: Tally, entry: dict) -> None:
    name, signed, context = entry["name"], bytes.fromhex(entry["signed"]), entry["context"].encode()
    public, kid = bytes.fromhex(entry["signer_public"]), bytes.fromhex(entry["kid"])
    tally.check(f"{name}: the kid is the key's id", kid == key_id(public))
    try:
        said = cbor2.loads(verify(signed, context, public, kid))
    except Exception as error:  # noqa: BLE001 - told, then counted
        print(f"{name}: {type(error).__name__}: {error}")
        said = {}
    tally.check(f"{name} verifies and has a serial", isinstance(said.get("serial"), int))
    if name == "certificate":
        tally.check("certificate has at most 700 bytes", len(signed) <= 700)
    for at in range(0, len(signed), 3):
        tally.refused(f"{name} with byte {at} changed", lambda: verify(flipped(signed, at), context, public, kid))
    tally.refused(f"{name} in another context", lambda: verify(signed, context + b"x", public, kid))


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    golden = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    tally = Tally()
    for entry in golden["bundles"]:
        judge_bundle(tally, entry)
    for entry in golden["signed"]:
        judge_signed(tally, entry)
    tally.check("there was something to judge", len(golden["bundles"]) >= 2 and len(golden["signed"]) >= 2)
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
