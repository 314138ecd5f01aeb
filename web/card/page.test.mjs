// The page in the browser of this machine, as a clinic uses it: from a file, without a network, at 320 pixels, dark, with pictures.
//
//     node page.test.mjs CASES.json PAGE.html PICTURES

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { unarmoured } from "./codec.js";
import { Tally } from "./tally.mjs";

const [casesFile, pageFile, pictures] = process.argv.slice(2);
const cases = JSON.parse(readFileSync(casesFile, "utf8"));
mkdirSync(pictures, { recursive: true });
const tally = new Tally();
const same = (found, wanted, what) => tally.check(JSON.stringify(found) === JSON.stringify(wanted), `${what}: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
const file = (name, text) => ({ name, mimeType: "application/octet-stream", buffer: Buffer.from(text) });
const good = cases.cases.find(({ name }) => name === "good");
const revoked = cases.cases.find(({ name }) => name === "revoked");
const words = (page) => page.locator("#verdict .head").textContent();

const browser = await chromium.launch({ executablePath: process.env.PAYUNG_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const noon = new Date(`${cases.today}T05:00:00Z`);
const open = async (options) => {
  const context = await browser.newContext({ viewport: { width: 360, height: 720 }, deviceScaleFactor: 2, ...options });
  const page = await context.newPage();
  page.on("pageerror", (error) => tally.check(false, `the page failed: ${error.message}`));
  await page.clock.setFixedTime(noon);
  await page.goto(pathToFileURL(pageFile).href);
  return page;
};
const type = async (page, text) => {
  if (await page.locator("#next").isVisible()) await page.locator("#next").click();
  await page.locator("#text").fill(text);
  await page.locator("#typed button").click();
  return words(page);
};
const told = (page) => page.locator("#verdict li").allTextContents();
const shot = (page, name) => page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });

// from a file, without a network
const page = await open({});
await page.context().setOffline(true);
same(await page.locator("#state").textContent(), "belum ada", "the state of a new page");
same(await type(page, good.text), "TIDAK SAH", "without lists");
await page.locator("#next").click();
await shot(page, "baru");
const install = async (on, ...files) => {
  await on.locator("#files").setInputFiles(files);
  await on.waitForFunction(() => document.getElementById("kept").textContent !== "");
  return on.locator("#kept").textContent();
};
same(await install(page, file("foto.jpg", "bukan daftar")), "Berkas ini bukan daftar dari kantor cabang, atau rusak. Daftar yang lama tetap dipakai.", "a file that is no list");
await page.evaluate(() => (document.getElementById("kept").textContent = ""));
same(await install(page, file("3302.cwt", unarmoured(Buffer.from(cases.lists[0]))), file("cards.txt", cases.keys)), "Daftar sudah dipasang.", "both lists in any order");
same(await page.locator("#state").textContent(), "hari ini", "the age of the lists");
same(await type(page, good.text), "TANYAKAN DULU", "a date that nobody checked");
await shot(page, "kuning");
await page.locator("#next").click();
await page.locator("#sure").check();
same([await type(page, good.text), await told(page)], ["TERLINDUNGI", good.sentences], "a good card");
same(await page.locator("#verdict dd").allTextContents(), good.facts, "what is compared with the KTP");
await shot(page, "hijau");
same([await type(page, revoked.text), await told(page)], ["TIDAK SAH", revoked.sentences], "a card taken back");
same(await page.locator("#verdict dd").count(), 0, "nothing of a red card is shown");
await shot(page, "merah");
same(await type(page, good.text.slice(0, 90)), "TIDAK SAH", "half a text");

// it remembers its lists, and nothing of a card
await page.reload();
await page.locator("#sure").check();
same(await type(page, good.text), "TERLINDUNGI", "after it was closed and opened again");
const kept = await page.evaluate(() => JSON.stringify(localStorage));
tally.check(!kept.includes(good.text) && !kept.includes(good.facts[0]), "nothing of a card is kept");

// pictures
const picture = async (data) => {
  if (await page.locator("#next").isVisible()) await page.locator("#next").click();
  await page.locator("#picture").setInputFiles({ name: "kode.png", mimeType: "image/png", buffer: Buffer.from(data, "base64") });
  await page.locator("#verdict .head:visible, #said:not(:empty)").first().waitFor();
  return (await page.locator("#verdict").isVisible()) ? words(page) : page.locator("#said").textContent();
};
for (const [scale, data] of Object.entries(cases.pictures)) same(await picture(data), "TERLINDUNGI", `a picture of ${scale} pixels a module`);
const blank = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
for (const data of [blank, "YWJj"]) tally.check((await picture(data)).startsWith("Tidak ada kode yang terbaca"), "a picture without a code");
await page.context().close();

// a week and a day later
const later = await open({});
await later.locator("#files").setInputFiles([file("cards.txt", cases.keys), file("l.cwt", cases.lists[0])]);
await later.locator("#sure").check();
await later.clock.setFixedTime(new Date(noon.getTime() + 8 * 86_400_000));
const old = "Daftar kartu yang dicabut sudah 8 hari. Ambil yang baru.";
same([await type(later, good.text), (await told(later)).includes(old)], ["TANYAKAN DULU", true], "an old list");
await later.context().close();

// the smallest phone, dark, large letters, no mouse
const small = await open({ viewport: { width: 320, height: 560 }, colorScheme: "dark" });
await small.addStyleTag({ content: "body { font-size: 26px }" });
await small.locator("#files").setInputFiles([file("cards.txt", cases.keys), file("l.cwt", cases.lists[0])]);
await small.locator("#sure").check();
await type(small, good.text);
const wide = await small.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
tally.check(wide[0] <= wide[1], `nothing stands over the edge: ${wide}`);
tally.check(await small.evaluate(() => document.activeElement.id === "verdict"), "the verdict has the focus, so that it is read out");
await shot(small, "gelap");
await small.context().close();

// over a network, from a server: the lists as it hands them out
const server = createServer((request, answer) => {
  const body = { "/v1/cards/keys": cases.keys, "/s/3302": Buffer.from(unarmoured(Buffer.from(cases.lists[0]))) }[request.url];
  answer.writeHead(body ? 200 : 404, { "access-control-allow-origin": "*" }).end(body);
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const online = await open({});
const fill = async (regency, root) => {
  await online.locator("#address").fill(`http://127.0.0.1:${server.address().port}/`);
  await online.locator("#regency").fill(regency);
  await online.locator("#root").fill(root);
  await online.locator("#fetch button").click();
  await online.waitForFunction(() => !["", "Sedang mengambil …"].includes(document.getElementById("kept").textContent));
  return online.locator("#kept").textContent();
};
tally.check((await fill("9999", cases.root)).startsWith("Daftar belum dapat diambil."), "a regency without cards");
tally.check((await fill("3302", "0".repeat(32))).startsWith("Daftar ini bukan"), "keys of another root");
same(await fill("3302", cases.root), "Daftar sudah baru.", "both lists");
same(await type(online, good.text), "TERLINDUNGI", "the date is known from the list");
server.close();
await browser.close();
writeFileSync(join(pictures, "README.txt"), "Pictures of the page, made by its test.\n");
tally.end();
