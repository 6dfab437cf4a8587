// What the browser fetches of a map, each once: points, captions and atlas pages of thumbnails.

import { shared } from "./shared.js";

const KEPT_FILES = 8;
const KEPT_PAGES = 160;

export async function fetched(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return decode(await answer.arrayBuffer());
}

export function load(url) {
  if (!shared.files.has(url)) {
    shared.files.set(url, fetched(url));
    shared.files.get(url).catch(() => shared.files.delete(url));
    if (shared.files.size > KEPT_FILES) shared.files.delete(shared.files.keys().next().value);
  }
  return shared.files.get(url);
}

// u32 length of a JSON header, the header, then arrays, each at an offset that the header names.
function decode(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const types = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array };
  const arrays = {};
  for (const [name, [type, offset, count]] of Object.entries(header.arrays))
    arrays[name] = new types[type](buffer, offset, count);
  if (header.frames) arrays.ids ??= new Uint32Array(header.n).map((_, i) => i); // a map whose ids count its points
  return { ...header, arrays };
}

// The caption of a sample, empty until it is known; all of a data set are fetched when the first is asked for.
export function captionOf(texts, id, arrived) {
  if (!texts) return "";
  if (!shared.texts.has(texts)) {
    shared.texts.set(texts, []);
    fetch(texts)
      .then((answer) => (answer.ok ? answer.json() : []))
      .then((found) => {
        shared.texts.set(texts, found);
        arrived();
      })
      .catch(() => shared.texts.delete(texts));
  }
  return shared.texts.get(texts)[id] ?? "";
}

// Where the thumbnail at a place of the atlas stands: its page (asked for now if need be) and the cell in it.
export function thumbnailOf(atlas, place, arrived) {
  const { url, cell, columns, rows, pages } = atlas;
  const number = Math.floor(place / (columns * rows)), inside = place % (columns * rows);
  const address = pages.length ? pages[number] : `${url}/${number}.jpg`;
  return {
    page: pageAt(address, arrived),
    address,
    size: cell,
    x: (inside % columns) * cell,
    y: Math.floor(inside / columns) * cell,
  };
}

function pageAt(address, arrived) {
  const { pages } = shared;
  if (!pages.has(address)) {
    const page = new Image();
    page.onload = arrived;
    page.src = address;
    pages.set(address, page);
    if (pages.size > KEPT_PAGES) pages.delete(pages.keys().next().value);
  }
  return pages.get(address);
}
