// What the judges of membership cards on node share: 200 cards, each of which must verify and say what was issued, and must be
// refused with a bit changed (50 of each card), by another key and of another key. A judge brings `read(message, key)`, which
// answers the form's parts and the payload, or throws. The libraries look at signatures only: claims are read with cbor-x.

import { Decoder } from "cbor-x";
import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const [IDENTITY, STATUS, MASKED_NIK] = [169, 65535, 75];
const FLIPS = 50;
const TAG_18 = 0xd2;
const maps = new Decoder({ mapsAsObjects: false });

const tally = { passed: 0, failed: 0 };
const check = (rule, holds) => {
  if (holds) tally.passed += 1;
  else {
    tally.failed += 1;
    console.log(`FAILED ${rule}`);
  }
};

/** RFC 9285. */
function unbase45(text) {
  const out = [];
  for (let at = 0; at < text.length; at += 3) {
    const group = [...text.slice(at, at + 3)].map((c) => ALPHABET.indexOf(c));
    const value = group.reduce((sum, digit, place) => sum + digit * 45 ** place, 0);
    if (group.length === 3) out.push(value >> 8);
    out.push(value & 255);
  }
  return Buffer.from(out);
}

const signed = (text) => inflateSync(unbase45(text));

/** Numbers of a seed (mulberry32), so that a failure can be repeated. */
function seeded(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function flipped(message, random) {
  const bit = Math.floor(random() * 8 * message.length);
  const changed = Buffer.from(message);
  changed[bit >> 3] ^= 1 << (bit & 7);
  return changed;
}

/** What every verifier of the profile asks besides the signature: tag 18, and nothing unprotected. */
function claims(message, { unprotectedHeaders, payload }) {
  if (message[0] !== TAG_18) throw new Error("tag");
  if (!(unprotectedHeaders instanceof Map) || unprotectedHeaders.size) throw new Error("unprotected");
  return maps.decode(payload);
}

function says(card, said) {
  const [person, status] = [said.get(IDENTITY), said.get(STATUS).get("status_list")];
  const found = [said.get(1), person.get(1), person.get(4), person.get(MASKED_NIK), status.get("idx")];
  return JSON.stringify(found) === JSON.stringify([card.issuer, card.id, card.name, card.nik, card.index]);
}

async function refused(read, message, key) {
  try {
    claims(message, await read(message, key));
    return false;
  } catch {
    return true;
  }
}

async function key(hex) {
  const raw = Buffer.from(hex, "hex");
  return crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, true, ["verify"]);
}

/** Judges the cards of the golden file with one library, tells and exits. */
export async function judge(name, path, read) {
  const golden = JSON.parse(readFileSync(path, "utf8"));
  const [ours, stranger] = [await key(golden.issuer_public), await key(golden.stranger_public)];
  for (const [number, card] of golden.cards.entries()) {
    const message = signed(card.text);
    let said;
    try {
      said = claims(message, await read(message, ours));
    } catch (error) {
      console.log(`${name}, card ${number}: ${error}`);
    }
    check(`${name} accepts card ${number} and reads what was issued`, said && says(card, said));
    check(`${name} refuses card ${number} by another key`, await refused(read, message, stranger));
    const random = seeded(number);
    let accepted = 0;
    for (let flip = 0; flip < FLIPS; flip += 1) {
      if (!(await refused(read, flipped(message, random), ours))) accepted += 1;
    }
    check(`${name} refuses card ${number} with any of ${FLIPS} bits changed: ${accepted}`, accepted === 0);
  }
  for (const text of golden.stranger) {
    check(`${name}: of another issuer`, await refused(read, signed(text), ours));
  }
  check("there was something to judge", golden.cards.length === 200);
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
  process.exit(tally.failed ? 1 : 0);
}
