// What the page does. Nothing that was scanned leaves it or is kept.

import jsQR from "jsqr";
import { Refused } from "./codec.js";
import { Lists } from "./kept.js";
import { verify } from "./verify.js";

const at = (id) => document.getElementById(id);
const words = JSON.parse(at("words").textContent);
const settings = JSON.parse(at("settings").textContent);
const storage = (() => {
  try {
    return window.localStorage;
  } catch {
    return { getItem: () => null, setItem: () => {} };
  }
})();
const lists = new Lists(storage, settings);
const MARKS = { green: "✔", amber: "?", red: "✖" };
const HOUR = 3_600_000;
const WRONG_LIST = {
  not_a_card: "Berkas ini bukan daftar dari kantor cabang, atau rusak.",
  no_keys: "Pasang daftar kunci (cards.txt) lebih dulu, atau keduanya sekaligus.",
  other_issuer: "Daftar ini bukan dari kantor cabang dengan sidik jari itu.",
};

/** Today in western Indonesia by this device's clock, `YYYY-MM-DD`. */
const today = () => new Date(Date.now() + 7 * HOUR).toISOString().slice(0, 10);
const dayNumber = () => Math.floor((Date.now() + 7 * HOUR) / (24 * HOUR));

function show(text) {
  const told = verify(text, lists.keys, lists.lists, today(), at("sure").checked, words);
  const panel = at("verdict");
  panel.dataset.light = told.light;
  panel.querySelector(".mark").textContent = MARKS[told.light];
  panel.querySelector(".head").textContent = words.headings[told.light];
  panel.querySelector("ul").replaceChildren(...told.sentences.map((sentence) => made("li", sentence)));
  const facts = panel.querySelector("dl");
  facts.replaceChildren(...told.facts.flatMap((fact, which) => [made("dt", words.labels[which]), made("dd", fact)]));
  facts.hidden = told.facts.length === 0;
  panel.hidden = false;
  at("ask").hidden = true;
  panel.focus();
  panel.scrollIntoView();
}

function made(name, text) {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}

function again() {
  stopCamera();
  at("verdict").hidden = true;
  at("ask").hidden = false;
  at("text").value = "";
  at("said").textContent = "";
}

function state() {
  const age = lists.age(dayNumber());
  const said = !lists.keys
    ? "belum ada"
    : age === undefined
      ? "kunci ada, kartu yang dicabut belum"
      : age <= 0
        ? "hari ini"
        : `${age} hari`;
  at("state").textContent = said;
  at("lists").open = !lists.keys || age === undefined || age > 7;
  for (const name of ["root", "address", "regency"]) {
    at(name).value = lists.settings[name];
    at(name).readOnly = Boolean(settings[name]);
  }
  const [year, month, day] = today().split("-").map(Number);
  at("today").textContent = `${day} ${words.months[month - 1]} ${year}`;
}

/** The text of the code in a picture's pixels. */
function decoded(source, width, height) {
  const scale = Math.min(1, 1600 / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const drawing = canvas.getContext("2d", { willReadFrequently: true });
  drawing.fillStyle = "#fff";
  drawing.fillRect(0, 0, canvas.width, canvas.height);
  drawing.drawImage(source, 0, 0, canvas.width, canvas.height);
  const { data } = drawing.getImageData(0, 0, canvas.width, canvas.height);
  return jsQR(data, canvas.width, canvas.height)?.data;
}

let stream;
async function scan() {
  if (stream) return stopCamera();
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    at("said").textContent = "Kamera tidak dapat dipakai. Pilih gambar kode, atau tempel teksnya.";
    return;
  }
  const video = at("camera");
  video.srcObject = stream;
  video.hidden = false;
  at("scan").textContent = "Berhenti memindai";
  await video.play();
  const look = () => {
    if (!stream) return;
    const text = video.videoWidth ? decoded(video, video.videoWidth, video.videoHeight) : undefined;
    if (text) {
      stopCamera();
      show(text);
    } else setTimeout(look, 150);
  };
  look();
}

function stopCamera() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = undefined;
  at("camera").hidden = true;
  at("scan").textContent = "Pindai dengan kamera";
}

async function picture(event) {
  const file = event.target.files[0];
  event.target.value = "";
  if (!file) return;
  let text;
  try {
    const image = await createImageBitmap(file);
    text = decoded(image, image.width, image.height);
  } catch {
    // not a picture: said as one without a code
  }
  if (text) show(text);
  else at("said").textContent = words.no_code;
}

function take(files, done) {
  try {
    lists.take(files);
    at("kept").textContent = done;
  } catch (error) {
    const code = error instanceof Refused ? error.code : "not_a_card";
    at("kept").textContent = `${WRONG_LIST[code] ?? WRONG_LIST.not_a_card} Daftar yang lama tetap dipakai.`;
  }
  state();
}

async function fetchLists(event) {
  event.preventDefault();
  for (const name of ["root", "address", "regency"]) lists.settings[name] = at(name).value.trim().replace(/\/$/, "");
  lists.save();
  at("kept").textContent = "Sedang mengambil …";
  try {
    const paths = ["/v1/cards/keys", `/s/${lists.settings.regency}`];
    const files = [];
    for (const path of paths) {
      const answer = await fetch(lists.settings.address + path, { cache: "no-store", credentials: "omit" });
      if (!answer.ok) throw new Error(path);
      files.push(new Uint8Array(await answer.arrayBuffer()));
    }
    take(files, "Daftar sudah baru.");
    // the list was signed within a day: this device's date is right, or it would say so
    if ((lists.age(dayNumber()) ?? 9) <= 1) at("sure").checked = true;
  } catch {
    at("kept").textContent = "Daftar belum dapat diambil. Periksa alamat dan sambungan; daftar yang lama tetap dipakai.";
  }
}

at("scan").addEventListener("click", scan);
at("next").addEventListener("click", again);
at("picture").addEventListener("change", picture);
at("typed").addEventListener("submit", (event) => {
  event.preventDefault();
  show(at("text").value);
});
at("fetch").addEventListener("submit", fetchLists);
at("files").addEventListener("change", async (event) => {
  const files = await Promise.all([...event.target.files].map(async (file) => new Uint8Array(await file.arrayBuffer())));
  event.target.value = "";
  take(files, "Daftar sudah dipasang.");
});
state();
