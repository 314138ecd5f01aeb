// One file that needs nothing beside it: the page, its words and its script.
//
//     node build.mjs WORDS.json OUT.html [ADDRESS [ROOT [REGENCY]]]

import { build } from "esbuild";
import { readFileSync, writeFileSync } from "node:fs";

const [wordsFile, out, address = "", root = "", regency = ""] = process.argv.slice(2);
const here = (name) => new URL(name, import.meta.url).pathname;
const { outputFiles } = await build({
  entryPoints: [here("page.js")],
  bundle: true,
  minify: true,
  write: false,
  format: "iife",
  // browsers of old office machines; older ones lack numbers of 64 bits, which the signature is reckoned with
  target: ["chrome87", "firefox78", "safari15"],
  legalComments: "inline",
  logLimit: 5,
});
const inline = (text) => text.trim().replaceAll("</", "<\\/");
const parts = {
  WORDS: inline(readFileSync(wordsFile, "utf8")),
  SETTINGS: inline(JSON.stringify({ address, root, regency })),
  SCRIPT: inline(outputFiles[0].text),
};
const page = readFileSync(here("page.html"), "utf8").replace(/\/\*(WORDS|SETTINGS|SCRIPT)\*\//g, (_, name) => parts[name]);
writeFileSync(out, page);
console.log(`${out}: ${Math.ceil(page.length / 1024)} KB`);
