// What a stage fetches: a file of what stays, and one for each saved epoch; together they are the file of its map.

import { fetched } from "../pointmap/files.js";

const VALUES = ["xy", "cluster", "confidence", "correctness", "margin", "entropy"];

// Everything that the data name; what was fetched before is taken from `known`.
export async function fetchAll(known, data) {
  const urls = [data.base, ...data.moments];
  for (const url of urls) if (!known.has(url)) known.set(url, fetched(url));
  for (const url of known.keys()) if (!urls.includes(url)) known.delete(url);
  try {
    const [base, ...parts] = await Promise.all(urls.map((url) => known.get(url)));
    const moments = parts.map((part, number) => Object.assign(part, { url: data.moments[number] }));
    for (const moment of moments) preload(moment.sheet);
    return { file: joined(base, moments), moments };
  } catch (error) {
    known.clear();
    throw error;
  }
}

// So that rows do not blink when their pictures change.
const sheets = new Map();
function preload(sheet) {
  if (!sheet || sheets.has(sheet.url)) return;
  const image = new Image();
  image.src = sheet.url;
  sheets.set(sheet.url, image);
  if (sheets.size > 120) sheets.delete(sheets.keys().next().value);
}

export const sheetOf = (moment) => (moment.sheet ? sheets.get(moment.sheet.url) : undefined);

function joined(base, moments) {
  const arrays = { ...base.arrays }, frames = [];
  for (const moment of moments) {
    const frame = { epoch: moment.epoch };
    for (const name of VALUES) {
      if (!moment.arrays[name]) continue;
      frame[name] = `${name}@${moment.epoch}`;
      arrays[frame[name]] = moment.arrays[name];
    }
    frames.push(frame);
  }
  return { ...base, arrays, frames, start: frames.length - 1 };
}
