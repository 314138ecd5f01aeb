// The page's own hand against the core's verdict of the same cases.
//
//     node verify.test.mjs CASES.json WORDS.json

import { zlibSync } from "fflate";
import { readFileSync } from "node:fs";
import { Refused } from "./codec.js";
import { readKeys, readList, verify } from "./verify.js";
import { Tally } from "./tally.mjs";

const [cases, words] = process.argv.slice(2, 4).map((path) => JSON.parse(readFileSync(path, "utf8")));
const bytes = (text) => new TextEncoder().encode(text);
const tally = new Tally();
const keys = readKeys(bytes(cases.keys), cases.root);
const lists = cases.lists.map((list) => readList(bytes(list), keys));

for (const one of cases.cases) {
  const told = verify(one.text, keys, lists.slice(0, one.lists), one.today, one.sure, words);
  // how something that is no card is called may differ; that it is none may not
  const spoilt = ["changed", "cut"].includes(one.name) && one.light === "red";
  const own = spoilt ? [told.light, told.facts] : [told.light, told.codes, told.sentences, told.facts];
  const core = spoilt ? [one.light, one.facts] : [one.light, one.codes, one.sentences, one.facts];
  tally.check(JSON.stringify(own) === JSON.stringify(core), `${one.name}: ${JSON.stringify(own)}, the core says ${JSON.stringify(core)}`);
}

const refused = (act, code, what) => {
  let found = "nothing";
  try {
    act();
  } catch (error) {
    found = error instanceof Refused ? error.code : String(error);
  }
  tally.check(found === code, `${what}: ${found}, not ${code}`);
};
const flipped = (text, at) => bytes(text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1));
refused(() => readKeys(bytes(cases.keys), "0".repeat(32)), "other_issuer", "keys of another root");
refused(() => readKeys(flipped(cases.keys, 200), cases.root), "bad_signature", "changed keys");
refused(() => readList(flipped(cases.lists[0], 150), keys), "bad_signature", "a changed list");
refused(() => readList(bytes(cases.keys), keys), "not_a_card", "keys as a list");
refused(() => readKeys(bytes(cases.lists[0])), "not_a_card", "a list as keys");
// a megabyte of nothing in a thousand bytes
const packed = zlibSync(new Uint8Array(1 << 20));
let bomb = "";
for (let at = 0; at + 1 < packed.length; at += 2) {
  const number = packed[at] * 256 + packed[at + 1];
  bomb += [number % 45, Math.floor(number / 45) % 45, Math.floor(number / 2025)].map((digit) => "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"[digit]).join("");
}
tally.check(verify(bomb, keys, lists, cases.today, true, words).codes[0] === "too_large", "a bomb is noticed while it is small");
const good = cases.cases[0].text;
tally.check(verify(good, undefined, [], cases.today, true, words).codes[0] === "other_issuer", "without keys nothing is believed");
tally.end();
