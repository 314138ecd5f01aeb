// From the text of a code to signed bytes that were read and are not yet believed: base45 (RFC 9285), zlib (RFC 1950), COSE_Sign1
// (RFC 9052) with tag 18. Sizes are those of core/card, and so are the codes of what is refused.

import { decode as cborDecode } from "cborg";
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { Unzlib } from "fflate";

export const MAX_TEXT = 4296;
const MAX_SIGNED = 4 << 10;
const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const [ALG, KID, TYP, EDDSA] = [1, 4, 16, -8];
const DEPTH = 8;

/** Why a card is not relied upon: a stable code of core/card. */
export class Refused extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

export function base45(text) {
  if (text.length % 3 === 1) throw new Refused("not_a_card");
  const bytes = [];
  for (let at = 0; at < text.length; at += 3) {
    const digits = [...text.slice(at, at + 3)].map((letter) => LETTERS.indexOf(letter));
    if (digits.includes(-1)) throw new Refused("not_a_card");
    const number = digits[0] + digits[1] * 45 + (digits[2] ?? 0) * 2025;
    const two = digits.length === 3;
    if (number > (two ? 0xffff : 0xff)) throw new Refused("not_a_card");
    if (two) bytes.push(number >> 8);
    bytes.push(number & 0xff);
  }
  return Uint8Array.from(bytes);
}

/** One zlib stream and nothing behind it; stops unpacking at `limit` bytes, whatever it claims. */
export function unpack(packed, limit) {
  const pieces = [];
  let length = 0;
  let ended = false;
  const stream = new Unzlib((piece, last) => {
    length += piece.length;
    if (length > limit) throw new Refused("too_large");
    pieces.push(piece);
    ended = last;
  });
  try {
    // by pieces, so that a bomb is noticed while it is small
    for (let at = 0; at < packed.length; at += 512) {
      stream.push(packed.subarray(at, at + 512), at + 512 >= packed.length);
    }
  } catch (error) {
    throw error instanceof Refused ? error : new Refused("not_a_card");
  }
  if (!ended) throw new Refused("truncated");
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  if (adler32(bytes) !== new DataView(packed.buffer, packed.byteOffset + packed.length - 4).getUint32(0)) {
    throw new Refused("not_a_card");
  }
  return bytes;
}

// fflate does not look at the sum at the end
function adler32(bytes) {
  let [a, b] = [1, 0];
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return ((b << 16) | a) >>> 0;
}

/** One CBOR item of few levels and nothing behind it; maps are `Map`s, and a key that comes twice is refused. */
export function cbor(bytes) {
  let value;
  try {
    value = cborDecode(bytes, { useMaps: true, rejectDuplicateMapKeys: true, allowUndefined: true });
  } catch (error) {
    throw new Refused(/data|end|short|length/i.test(error.message) ? "truncated" : "not_a_card");
  }
  const deep = (item, left) => {
    if (left === 0) throw new Refused("nested");
    if (item instanceof Map) for (const [key, held] of item) (deep(key, left - 1), deep(held, left - 1));
    else if (Array.isArray(item)) for (const held of item) deep(held, left - 1);
  };
  deep(value, DEPTH);
  return value;
}

/** The signed bytes in the text of a code. */
export function signedBytes(text) {
  const trimmed = text.replace(/^[\r\n\t]+|[\r\n\t]+$/g, "");
  if (trimmed.length > MAX_TEXT) throw new Refused("too_large");
  if (trimmed === "") throw new Refused("truncated");
  return unpack(base45(trimmed), MAX_SIGNED);
}

/** Bytes of a signed file, as they are or as base64url text. */
export function unarmoured(file) {
  if (file[0] === 0xd2) return file;
  const text = new TextDecoder().decode(file).replace(/\s/g, "").replaceAll("-", "+").replaceAll("_", "/");
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    throw new Refused("not_a_card");
  }
}

const head = (major, length) =>
  length < 24
    ? [(major << 5) | length]
    : length < 256
      ? [(major << 5) | 24, length]
      : length < 65536
        ? [(major << 5) | 25, length >> 8, length & 0xff]
        : [(major << 5) | 26, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff];

/** What a COSE_Sign1's signature is over: RFC 9052, 4.4. */
function signedPart(header, aad, payload) {
  const word = new TextEncoder().encode("Signature1");
  const parts = [[0x84], head(3, word.length), word];
  for (const bytes of [header, aad, payload]) parts.push(head(2, bytes.length), bytes);
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Something signed that was read and is not yet believed. */
export class Envelope {
  constructor(bytes, typ) {
    if (bytes[0] === 0xd8 && bytes[1] === 0x3d) bytes = bytes.subarray(2);
    if (bytes.length === 0) throw new Refused("truncated");
    if (bytes[0] !== 0xd2) throw new Refused("not_a_card");
    const parts = cbor(bytes.subarray(1));
    const fits =
      Array.isArray(parts) &&
      parts.length === 4 &&
      [0, 2, 3].every((at) => parts[at] instanceof Uint8Array) &&
      parts[1] instanceof Map;
    if (!fits) throw new Refused("not_a_card");
    [this.header, , this.payload, this.signature] = parts;
    const header = this.header.length === 0 ? new Map() : cbor(this.header);
    if (!(header instanceof Map)) throw new Refused("not_a_card");
    if (header.get(ALG) !== EDDSA) throw new Refused("algorithm");
    this.kid = header.get(KID) ?? new Uint8Array();
    // a header we do not know might be critical to who wrote it, and nobody signed an unprotected one
    const known = [ALG, KID, ...(typ ? [TYP] : [])];
    const strange = [...header.keys()].some((key) => !known.includes(key)) || parts[1].size > 0;
    if (strange || !(this.kid instanceof Uint8Array) || (typ && header.get(TYP) !== typ)) throw new Refused("not_a_card");
  }

  /** What is said, if this key signed it. */
  verify(key, context = "") {
    const aad = new TextEncoder().encode(context);
    let holds = false;
    try {
      holds = ed25519.verify(this.signature, signedPart(this.header, aad, this.payload), key, { zip215: false });
    } catch {
      // a signature of another length, or a key that is none
    }
    if (!holds) throw new Refused("bad_signature");
    return cbor(this.payload);
  }
}

export const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
export const fingerprint = (key) => hex(sha256(key).subarray(0, 16));
export const keyId = (key) => hex(sha256(key).subarray(0, 8));
