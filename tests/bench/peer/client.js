// node client.js ROW FOLDER [ARGUMENT ...]: one row on the phone's side, in a process of its own, so that its peak
// memory is its own. Answers one line of JSON, as ours does (tests/bench/src/answer.rs).
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import PouchDB from 'pouchdb';
import { design } from './design.js';

const [row, folder, ...given] = process.argv.slice(2);
const PAGE = 20;

const open = () => new PouchDB(`${folder}/phone`);
const remote = (url) => new PouchDB(`${url}/workers`);

async function timed(act) {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const answer = await act();
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { seconds, acknowledged: seconds, cpu_ms: Math.round((user + system) / 1000), ...answer };
}

// Opening is not part of an exchange, on either side; a cut ends it without an answer.
async function exchange(run) {
  const db = open();
  await db.info();
  return timed(async () => {
    try {
      return { count: await run(db), finished: true };
    } catch (error) {
      if (given.includes('--cut')) return { count: 0, finished: false };
      throw error;
    }
  });
}

// One look-up as an app does it: open, ask the index, read the documents.
async function cold(view, options, least = 1) {
  const begun = performance.now();
  const { rows } = await open().query(`worker/${view}`, { include_docs: true, limit: PAGE, ...options });
  const ms = performance.now() - begun;
  if (rows.length < least || !rows[0].doc) throw new Error(`${view} found ${rows.length} rows`);
  return { seconds: ms / 1000, each_ms: [ms], count: rows.length };
}

async function* lines(file) {
  for await (const line of createInterface({ input: createReadStream(file) })) yield JSON.parse(line);
}


// Saves a field of the first so many documents, as forms would, but all at once: only what is sent is measured.
async function edit([changes]) {
  const wanted = JSON.parse(await readFile(changes, 'utf8'));
  const db = open();
  const { rows } = await db.allDocs({ include_docs: true, keys: Object.keys(wanted) });
  const docs = rows.map(({ doc }) => ({ ...doc, ...wanted[doc._id] }));
  const saved = await db.bulkDocs(docs);
  return { count: saved.filter(({ ok }) => ok).length };
}

// What became of fields edited in two places: both there, two versions kept of which one is shown, or neither.
async function judge([changes]) {
  const wanted = JSON.parse(await readFile(changes, 'utf8'));
  const db = open();
  const became = { merged: 0, conflicts: 0, lost: 0 };
  for (const [id, fields] of Object.entries(wanted)) {
    const doc = await db.get(id, { conflicts: true });
    const kept = Object.entries(fields).every(([name, value]) => JSON.stringify(doc[name]) === JSON.stringify(value));
    if (doc._conflicts) became.conflicts += 1;
    else if (kept) became.merged += 1;
    else became.lost += 1;
  }
  return { count: Object.keys(wanted).length, ...became };
}

const rows = {
  // bulk, for what is not measured
  async load([file]) {
    const db = open();
    let batch = [];
    for await (const doc of lines(file)) {
      batch.push(doc);
      if (batch.length === 1000) await db.bulkDocs(batch.splice(0));
    }
    await db.bulkDocs(batch);
    return { count: (await db.info()).doc_count };
  },
  // one by one, as an official saves
  async register([file]) {
    const db = open();
    await db.info();
    const each_ms = [];
    for await (const doc of lines(file)) {
      const begun = performance.now();
      await db.put(doc);
      each_ms.push(performance.now() - begun);
    }
    return { count: each_ms.length, each_ms };
  },
  push: ([url, batch]) => exchange(async (db) =>
    (await db.replicate.to(remote(url), { batch_size: Number(batch) })).docs_written),
  pull: ([url, batch]) => exchange(async (db) =>
    (await db.replicate.from(remote(url), { batch_size: Number(batch) })).docs_written),
  sync: ([url]) => exchange(async (db) => {
    const { push, pull } = await db.sync(remote(url));
    return push.docs_written + pull.docs_written;
  }),
  edit,
  judge,
  // an index is made on first use, over all documents
  async index() {
    const db = open();
    await db.put(design);
    return timed(async () => {
      for (const view of Object.keys(design.views)) await db.query(`worker/${view}`, { limit: 1 });
      return { count: (await db.info()).doc_count };
    });
  },
  nik: ([nik]) => cold('by_nik', { key: nik }),
  list: ([area]) => cold('by_area', { startkey: [area], endkey: [area, {}] }, PAGE),
  search: ([word]) => cold('by_word', { startkey: word, endkey: `${word}\ufff0` }),
};

const answer = await rows[row](given);
console.log(JSON.stringify({ ...answer, peak_rss_kib: process.resourceUsage().maxRSS }));
