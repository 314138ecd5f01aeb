// The lists on this device. What is kept is verified again each time it is read: it may be older, never other than what was signed.

import { Envelope, Refused, unarmoured } from "./codec.js";
import { LIST, readKeys, readList } from "./verify.js";

const NAME = "payung-kartu";

export class Lists {
  constructor(storage, settings) {
    this.storage = storage;
    this.settings = { root: "", address: "", regency: "", ...settings };
    this.files = { keys: "", lists: [] };
    try {
      const kept = JSON.parse(storage.getItem(NAME) ?? "{}");
      this.settings = { ...this.settings, ...Object.fromEntries(Object.entries(kept.settings ?? {}).filter(([, set]) => set)) };
      // what the page was made with is not changed by what lies on a device
      Object.assign(this.settings, Object.fromEntries(Object.entries(settings).filter(([, set]) => set)));
      this.files = { keys: kept.keys ?? "", lists: kept.lists ?? [] };
    } catch {
      // a damaged or forbidden store is an empty one
    }
    this.read();
  }

  read() {
    const bytes = (text) => new TextEncoder().encode(text);
    this.keys = undefined;
    this.lists = [];
    try {
      if (this.files.keys) this.keys = readKeys(bytes(this.files.keys), this.settings.root || undefined);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
    for (const file of this.files.lists) {
      try {
        if (this.keys) this.lists.push(readList(bytes(file), this.keys));
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
      }
    }
  }

  save() {
    try {
      this.storage.setItem(NAME, JSON.stringify({ settings: this.settings, ...this.files }));
    } catch {
      // a private window keeps nothing: the lists are good until it is closed
    }
  }

  /** Takes files of either kind in any order. Throws the code of the first that is neither, and keeps what was there. */
  take(files) {
    const texts = files.map(armoured);
    let keys = this.keys;
    const rest = [];
    for (const text of texts) {
      try {
        const found = readKeys(new TextEncoder().encode(text), this.settings.root || undefined);
        // a serial never goes back
        if (keys && found.serial < this.keys?.serial) throw new Refused("key_not_valid");
        [keys, this.files.keys] = [found, text];
      } catch (error) {
        if (error.code === "other_issuer" || error.code === "key_not_valid" || error.code === "bad_signature") throw error;
        rest.push(text);
      }
    }
    // what is no list of any kind is told as that
    rest.forEach((text) => new Envelope(unarmoured(new TextEncoder().encode(text)), LIST));
    if (!keys) throw new Refused("no_keys");
    const read = rest.map((text) => [readList(new TextEncoder().encode(text), keys), text]);
    for (const [list, text] of read) {
      const others = this.files.lists.filter((_, at) => this.lists[at]?.uri !== list.uri);
      const older = this.lists.find(({ uri, issued }) => uri === list.uri && issued > list.issued);
      if (!older) this.files.lists = [...others, text];
    }
    this.read();
    this.save();
  }

  /** Days since the newest list was signed; none without one. */
  age(today) {
    const issued = this.lists.map((list) => list.issued).sort((one, other) => other - one)[0];
    return issued === undefined ? undefined : today - Math.floor((issued + 7 * 3600) / 86_400);
  }
}

/** Base64url, as the text forms of both lists are. */
function armoured(bytes) {
  if (bytes[0] !== 0xd2) return new TextDecoder().decode(bytes).trim();
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
