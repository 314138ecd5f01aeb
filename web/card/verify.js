// Judges membership cards as core/card does: the same profile, the same verdicts, the same codes (docs/adr/0020). It is a second
// hand on purpose: nothing of it is compiled from the core, and the core's verdict of every case it is tried with must be its own.

import { Envelope, Refused, cbor, fingerprint, hex, keyId, signedBytes, unarmoured, unpack } from "./codec.js";

export const MAX_LIST_AGE = 7;
/** What a status list says it is. */
export const LIST = "application/statuslist+cwt";
const DAY = 86_400;
const MAX_LIST = 1 << 20;
const PROGRAMMES = ["JKK", "JKM", "JHT"];

const dayOf = (seconds, zone) => Math.floor((seconds + zone * 3600) / DAY);
const dayOfText = (text) => Date.parse(`${text}T00:00:00Z`) / 1000 / DAY;
const isDay = (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && Number.isInteger(dayOfText(text));

/** The issuers' keys, if the root of that fingerprint signed them; without one, the root they name. */
export function readKeys(file, root) {
  const envelope = new Envelope(unarmoured(file));
  // the root is named inside: read before it is believed, as the core does
  const named = asMap(cbor(envelope.payload));
  const rootKey = named.get("root");
  const keys = named.get("keys");
  if (!(rootKey instanceof Uint8Array) || !Array.isArray(keys)) throw new Refused("not_a_card");
  if (root && fingerprint(rootKey) !== root.trim().toLowerCase()) throw new Refused("other_issuer");
  envelope.verify(rootKey, "payung/card-keys/1");
  return {
    serial: named.get("serial"),
    root: fingerprint(rootKey),
    keys: keys.map((key) => {
      const [from, until] = [key.get("from"), key.get("until")];
      if (!isDay(from) || !isDay(until)) throw new Refused("claim");
      return { public: key.get("public"), id: keyId(key.get("public")), from: dayOfText(from), until: dayOfText(until) };
    }),
  };
}

/** A list of cards taken back that one of the keys signed while it was valid. */
export function readList(file, keys) {
  const envelope = new Envelope(unarmoured(file), LIST);
  const { said, key } = believed(envelope, keys);
  const [uri, issued, list] = [said.get(2), said.get(6), said.get(65533)];
  if (typeof uri !== "string" || !Number.isSafeInteger(issued) || !(list instanceof Map)) throw new Refused("claim");
  if (!issues(key, dayOf(issued, 0)) || list.get("bits") !== 1) throw new Refused("key_not_valid");
  return { uri, issued, bits: unpack(list.get("lst"), MAX_LIST) };
}

const issues = (key, day) => key.from <= day && day <= key.until;

function believed(envelope, keys) {
  const kid = hex(envelope.kid);
  const named = keys.keys.filter((key) => kid === "" || key.id === kid);
  if (named.length === 0) throw new Refused("other_issuer");
  for (const key of named) {
    try {
      return { said: asMap(envelope.verify(key.public)), key };
    } catch (error) {
      if (error.code !== "bad_signature") throw error;
    }
  }
  throw new Refused("bad_signature");
}

function asMap(value) {
  if (!(value instanceof Map)) throw new Refused("not_a_card");
  return value;
}

const claim = (holds) => {
  if (!holds) throw new Refused("claim");
};

/** What believed claims say, as plain values; days are whole days since 1970 in the zone of the card's region. */
function readCard(said, zones) {
  const person = said.get(169);
  if (!(person instanceof Map)) throw new Refused("not_a_card");
  const area = person.get(21);
  claim(typeof area === "string" && /^\d{2}(\d{2}(\d{2}(\d{4})?)?)?$/.test(area));
  const zone = zones[area.slice(0, 2)];
  claim(zone !== undefined);
  const place = said.get(65535)?.get?.("status_list");
  claim(place instanceof Map && Number.isInteger(place.get("idx")) && typeof place.get("uri") === "string");
  const text = (value) => (claim(typeof value === "string" && value.trim() !== ""), value);
  const at = (value) => (claim(Number.isSafeInteger(value) && value >= 0 && value < 253_402_128_000), value);
  const bits = person.get(76);
  const paidTo = person.get(77);
  claim(Number.isInteger(bits) && PROGRAMMES.some((_, bit) => bits & (1 << bit)));
  claim(Number.isInteger(paidTo) && paidTo % 100 >= 1 && paidTo % 100 <= 12);
  const [date, year] = [person.get(8), person.get(78)];
  claim(date === undefined ? Number.isInteger(year) : year === undefined && /^\d{8}$/.test(date));
  claim([1, 2].includes(person.get(9)));
  claim(/^\d{4}\*{8}\d{4}$/.test(person.get(75)));
  text(said.get(1));
  const card = {
    id: text(person.get(1)),
    name: text(person.get(4)),
    birth: date ?? String(year),
    nik: person.get(75),
    zone,
    programmes: PROGRAMMES.filter((_, bit) => bits & (1 << bit)),
    coveredFrom: dayOf(at(said.get(5)), zone),
    paidTo: [Math.floor(paidTo / 100), paidTo % 100],
    issued: dayOf(at(said.get(6)), zone),
    expires: dayOf(at(said.get(4)) - 1, zone),
    status: { uri: place.get("uri"), index: place.get("idx") },
  };
  claim(monthNumber(card.paidTo) >= monthNumber(monthOf(card.coveredFrom)) && card.expires > card.issued);
  return card;
}

const monthNumber = ([year, month]) => year * 12 + month;
const monthOf = (day) => {
  const date = new Date(day * DAY * 1000);
  return [date.getUTCFullYear(), date.getUTCMonth() + 1];
};

/**
 * Judges the text of a card.
 * `keys` of `readKeys` or nothing, `lists` of `readList`, `today` as `YYYY-MM-DD`, `sure`: whether that day was checked.
 * Answers `{light, codes, sentences, facts}` in the words of the core.
 */
export function verify(text, keys, lists, today, sure, words) {
  try {
    const envelope = new Envelope(signedBytes(text));
    if (!keys) throw new Refused("other_issuer");
    const { said, key } = believed(envelope, keys);
    const card = readCard(said, words.zones);
    if (!issues(key, card.issued)) throw new Refused("key_not_valid");
    const doubts = doubtsOf(card, lists, dayOfText(today), sure, words);
    const fill = ([code, values]) =>
      Object.entries(values).reduce((line, [name, value]) => line.replace(`{${name}}`, value), words.reasons[code]);
    const sentences = doubts.length
      ? [...doubts.map(fill), words.ask]
      : [words.green.replace("{month}", monthText(card.paidTo, words))];
    return {
      light: doubts.length ? "amber" : "green",
      codes: doubts.map(([code]) => code),
      sentences,
      facts: factsOf(card, words),
    };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { light: "red", codes: [error.code], sentences: [words.reasons[error.code], words.care], facts: [] };
  }
}

function doubtsOf(card, lists, today, sure, words) {
  const list = lists.filter(({ uri }) => uri === card.status.uri).sort((one, other) => other.issued - one.issued)[0];
  if (list) {
    const byte = list.bits[Math.floor(card.status.index / 8)];
    if (byte === undefined) throw new Refused("unlisted");
    if ((byte >> (card.status.index % 8)) & 1) throw new Refused("revoked");
  }
  if (card.expires < today) throw new Refused("expired");
  if (today < card.issued) {
    if (sure) throw new Refused("future");
    sure = false;
  }
  const doubts = [];
  if (today < card.coveredFrom) doubts.push(["starts_later", { day: dateText(card.coveredFrom, words) }]);
  else if (monthNumber(monthOf(today)) > monthNumber(card.paidTo)) {
    const [year, month] = card.paidTo;
    doubts.push(["paid_until", { month: `${String(month).padStart(2, "0")}/${year}` }]);
  }
  const age = list && today - dayOf(list.issued, card.zone);
  if (age === undefined) doubts.push(["no_list", {}]);
  else if (age > MAX_LIST_AGE) doubts.push(["old_list", { days: String(age) }]);
  else if (age < 0) sure = false;
  if (!sure) doubts.push(["unsure_clock", {}]);
  return doubts;
}

const monthText = ([year, month], words) => `${words.months[month - 1]} ${year}`;

function dateText(day, words) {
  const date = new Date(day * DAY * 1000);
  return `${date.getUTCDate()} ${words.months[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

function factsOf(card, words) {
  const birth = card.birth.length === 8 ? dateText(dayOfText(card.birth.replace(/^(....)(..)(..)$/, "$1-$2-$3")), words) : card.birth;
  return [
    card.name,
    card.nik,
    birth,
    card.programmes.join(" · "),
    dateText(card.coveredFrom, words),
    monthText(card.paidTo, words),
    dateText(card.issued, words),
    card.id,
  ];
}
