// Cases of visitors: a zip or a folder, dropped or picked. A folder goes as its files by name: texts, and workbooks in base64.

import { Refused, upload } from "./client.js";
import { say } from "./words.js";

// What a case may hold, and what somebody may take for a part of one: the server says what it does not read, which would be missed without a word.
const TEXT = /\.(ya?ml|csv|tsv|bib|bibtex|json|ris)$/i;
const BOOK = /\.(xlsx|xlsm|xlsb|xls|ods)$/i;
const MOST = 20_000_000; // bytes; the server's own limit is lower, and it says so

/** Send what was dropped or picked, [path, File] each; return the new case's address, or throw Refused, which has `files` where their texts are known. */
export async function sent(picked) {
  if (picked.length === 1 && /\.zip$/i.test(picked[0][0])) {
    within(picked[0][1].size);
    return upload(picked[0][1], "application/zip");
  }
  const chosen = picked.filter(([path]) => TEXT.test(path) || BOOK.test(path));
  if (!chosen.length) throw new Refused(0, { error: say("no case in it") });
  within(chosen.reduce((sum, [, one]) => sum + one.size, 0));
  const files = Object.fromEntries(await Promise.all(chosen.map(async ([path, one]) => [path, TEXT.test(path) ? await one.text() : { base64: await coded(one) }])));
  const inside = below(files);
  try {
    return await upload(JSON.stringify({ files: inside }), "application/json");
  } catch (error) {
    throw Object.assign(error, { files: Object.fromEntries(Object.entries(inside).filter(([, held]) => typeof held === "string")) });
  }
}

function coded(file) {
  return new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => fail(reader.error);
    reader.readAsDataURL(file);
  });
}

/** Return what was dropped, as [path, File]; folders are gone through. */
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files].map((one) => [one.name, one]);
  return (await Promise.all(entries.map(walk))).flat();
}

async function walk(entry) {
  if (entry.isFile) return [[entry.fullPath.slice(1), await new Promise((done, fail) => entry.file(done, fail))]];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((done, fail) => reader.readEntries(done, fail)); // it gives a hundred at a time
    if (!some.length) return (await Promise.all(found.map(walk))).flat();
    found.push(...some);
  }
}

// A folder's own name, that all files begin with, is no part of the case.
function below(files) {
  const names = Object.keys(files);
  const top = `${names[0].split("/")[0]}/`;
  return names.every((name) => name.startsWith(top)) ? Object.fromEntries(names.map((name) => [name.slice(top.length), files[name]])) : files;
}

function within(size) {
  if (size > MOST) throw new Refused(413, { error: say("too large") });
}
