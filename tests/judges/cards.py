"""Judges membership cards with implementations nobody here wrote: cwt, pycose, claim169, ZXing-C++ and ZBar.

    python3 cards.py core/card/tests/golden/cards.json target/debug/payung

Each of 200 cards must verify and say what was issued, and must be refused with a bit changed (50 of each card), by another key
and of another key; those of the past and of the future by the verifiers that look at time. Drawn by `payung card draw`, each must
be read by both scanners; some turned, blurred and spotted, too. Exit code 0 only if all hold.
"""

import json
import random
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import cbor2
import claim169
import cwt
import zxingcpp
from common.tally import Tally
from PIL import Image, ImageDraw, ImageFilter
from pycose.algorithms import EdDSA
from pycose.headers import KID, Algorithm
from pycose.keys import OKPKey
from pycose.keys.curves import Ed25519
from pycose.messages import CoseMessage, Sign1Message

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
IDENTITY, STATUS, MASKED_NIK = 169, 65535, 75
FLIPS = 50
SCALE = 6
DISTORTED = 20


class Refused(Exception):
    """What must be refused was."""


def unbase45(text: str) -> bytes:
    """RFC 9285."""
    out = bytearray()
    for at in range(0, len(text), 3):
        group = [ALPHABET.index(c) for c in text[at : at + 3]]
        value = sum(digit * 45**place for place, digit in enumerate(group))
        out += value.to_bytes(len(group) - 1, "little")[::-1]
    return bytes(out)


def base45(data: bytes) -> str:
    text = ""
    for at in range(0, len(data), 2):
        pair = data[at : at + 2]
        value = int.from_bytes(pair, "big")
        for _ in range(len(pair) + 1):
            text += ALPHABET[value % 45]
            value //= 45
    return text


def signed(text: str) -> bytes:
    return zlib.decompress(unbase45(text))


def flipped(data: bytes, rng: random.Random) -> bytes:
    bit = rng.randrange(8 * len(data))
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def by_cwt(message: bytes, public: bytes, kid: bytes) -> dict:
    # RFC 9053: kty OKP, kid, alg EdDSA, crv Ed25519, x
    key = cwt.COSEKey.new({1: 1, 2: kid, 3: -8, -1: 6, -2: public})
    return cwt.decode(message, key)


def by_pycose(message: bytes, public: bytes, kid: bytes) -> dict:
    decoded = CoseMessage.decode(message)
    if not isinstance(decoded, Sign1Message) or decoded.uhdr:
        raise Refused("form")
    if decoded.phdr.get(Algorithm) != EdDSA or decoded.phdr.get(KID) != kid:
        raise Refused("headers")
    decoded.key = OKPKey(crv=Ed25519, x=public)
    if not decoded.verify_signature():
        raise Refused("signature")
    return cbor2.loads(decoded.payload)


def by_claim169(message: bytes, public: bytes) -> claim169.DecodeResult:
    result = claim169.decode(base45(zlib.compress(message)), verify_with_ed25519=public)
    if not result.is_verified():
        raise Refused("signature")
    return result


def says(card: dict, claims: dict) -> bool:
    person, status = claims[IDENTITY], claims[STATUS]["status_list"]
    said = (claims[1], person[1], person[4], person[MASKED_NIK], status["idx"])
    return said == (card["issuer"], card["id"], card["name"], card["nik"], card["index"])


def judge_cards(tally: Tally, golden: dict) -> None:
    public, stranger = bytes.fromhex(golden["issuer_public"]), bytes.fromhex(golden["stranger_public"])
    kid = bytes.fromhex(golden["kid"])
    readers = {
        "cwt": lambda message, key=public: by_cwt(message, key, kid),
        "pycose": lambda message, key=public: by_pycose(message, key, kid),
        "claim169": lambda message, key=public: by_claim169(message, key),
    }
    for number, card in enumerate(golden["cards"]):
        message = signed(card["text"])
        rng = random.Random(number)
        changed = [flipped(message, rng) for _ in range(FLIPS)]
        for name, read in readers.items():
            try:
                said = read(message)
            except Exception as error:  # noqa: BLE001 - told, then counted
                print(f"{name}, card {number}: {type(error).__name__}: {error}")
                said = None
            if name == "claim169":
                person = said and said.claim169
                right = person and (person.id, person.full_name) == (card["id"], card["name"])
                right = right and said.cwt_meta.issuer == card["issuer"]
            else:
                right = said and says(card, said)
            tally.check(f"{name} accepts card {number} and reads what was issued", bool(right))
            tally.refused(f"{name} refuses card {number} by another key", lambda: read(message, stranger))
            accepted = 0
            for bits in changed:
                try:
                    read(bits)
                except Exception:  # noqa: BLE001 - each library refuses in its own way
                    continue
                accepted += 1
            tally.check(f"{name} refuses card {number} with any of {FLIPS} bits changed: {accepted}", accepted == 0)
    for name in ["cwt", "claim169"]:
        for kind in ["expired", "future"]:
            for text in golden[kind]:
                tally.refused(f"{name}: {kind}", lambda: readers[name](signed(text)))
    for name, read in readers.items():
        for text in golden["stranger"]:
            tally.refused(f"{name}: of another issuer", lambda: read(signed(text)))


def by_zxing(picture: Image.Image) -> list[str]:
    formats = zxingcpp.BarcodeFormat.QRCode
    return [found.text for found in zxingcpp.read_barcodes(picture, formats=formats)]


def zbar():
    """ZBar's reader, or none where its library is not installed."""
    try:
        from pyzbar import pyzbar
    except ImportError:
        return None
    symbols = [pyzbar.ZBarSymbol.QRCODE]
    return lambda picture: [found.data.decode() for found in pyzbar.decode(picture, symbols=symbols)]


def distorted(picture: Image.Image, number: int) -> dict[str, Image.Image]:
    turn = {"expand": True, "fillcolor": 255, "resample": Image.Resampling.BICUBIC}
    turned = {f"turned by {angle}": picture.rotate(angle, **turn) for angle in (15, 90, 180)}
    blurred = picture.filter(ImageFilter.GaussianBlur(SCALE / 6))
    spotted = picture.copy()
    modules = picture.width - 8 * SCALE
    side = int((0.05 * modules * modules) ** 0.5)
    # anywhere but on the three corners by which a scanner finds the code
    rng = random.Random(number)
    low, high = 4 * SCALE + 10 * SCALE, picture.width - 4 * SCALE - 10 * SCALE - side
    left, top = rng.randint(low, high), rng.randint(low, high)
    ImageDraw.Draw(spotted).rectangle((left, top, left + side - 1, top + side - 1), fill=rng.choice([0, 255]))
    return {**turned, "blurred by a sixth of a module": blurred, "with 5 % covered": spotted}


def judge_pictures(tally: Tally, golden: dict, payung: str, scanners: dict) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for number, card in enumerate(golden["cards"]):
            file = Path(folder) / "card.png"
            draw = [payung, "card", "draw", card["text"], "--out", str(file), "--scale", str(SCALE)]
            subprocess.run(draw, check=True, stderr=subprocess.DEVNULL)
            with Image.open(file) as opened:
                picture = opened.convert("L")
            version = (picture.width // SCALE - 8 - 17) // 4
            tally.check(f"card {number} has at most version 12 ({version})", version <= 12)
            shown = {"as drawn": picture}
            if number < DISTORTED:
                shown |= distorted(picture, number)
            for name, scan in scanners.items():
                for how, image in shown.items():
                    tally.check(f"{name} reads card {number} {how}", scan(image) == [card["text"]])


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__)
        return 2
    golden = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    tally = Tally()
    judge_cards(tally, golden)
    scanners = {"ZXing-C++": by_zxing, "ZBar": zbar()}
    missing = [name for name, scan in scanners.items() if scan is None]
    judge_pictures(tally, golden, sys.argv[2], {name: scan for name, scan in scanners.items() if scan})
    tally.check("there was something to judge", len(golden["cards"]) == 200)
    for name in missing:
        print(f"skipped: {name}, because its library is not installed")
    print(f"{tally.passed} passed, {tally.failed} failed" + (f", {len(missing)} skipped" if missing else ""))
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
