// A row for each cluster: its name, its size and its most confident samples.

import { escape } from "../escape.js";
import { clamp } from "../pointmap/geometry.js";

export function showRows(stage) {
  const { moment } = stage, place = stage.find("rows");
  const largest = Math.max(1, ...moment.rows.map((row) => row.size));
  const kept = place.children.length === moment.rows.length;
  if (!kept) place.replaceChildren(...moment.rows.map(newRow));
  moment.rows.forEach((row, i) => fill(place.children[i], row, i, moment, largest));
  if (!kept) fitRows(stage);
}

function newRow() {
  const row = document.createElement("div");
  row.className = "sg-row";
  row.setAttribute("role", "listitem");
  row.innerHTML = `<div class="sg-name"><i></i><span></span></div><div class="sg-size"></div><div></div>`;
  return row;
}

function fill(place, row, number, moment, largest) {
  const [name, size, shown] = place.children;
  const full = row.meaning ? `${row.name} · ${row.meaning}` : row.name;
  place.style.setProperty("--c", row.color);
  place.dataset.empty = !row.size;
  name.lastChild.textContent = full;
  name.title = row.meaning ? `Cluster ${row.name}, matched to the class ${row.meaning} at this epoch` : `Cluster ${row.name}`;
  size.textContent = row.size.toLocaleString();
  size.style.setProperty("--share", `${(100 * row.size) / largest}%`);
  if (row.captions) {
    shown.className = "sg-captions";
    shown.innerHTML = row.captions.map((text) => `<span>${escape(text)}</span>`).join(" · ");
    return;
  }
  const { url, cell, columns, rows } = moment.sheet;
  shown.className = "sg-strip";
  shown.setAttribute("role", "img");
  shown.setAttribute("aria-label", `Most confident samples of cluster ${full}: ${row.samples.join(", ") || "none"}`);
  for (const [key, value] of Object.entries({ n: row.samples.length, columns, rows, row: number }))
    shown.style.setProperty(`--${key}`, value);
  shown.style.backgroundImage = `url("${url}")`;
  shown.style.imageRendering = cell < 48 ? "pixelated" : "auto";
}

// Rows share the height there is, within what can be seen.
export function fitRows(stage) {
  const place = stage.find("rows"), n = place.children.length;
  if (!n) return;
  const px = parseFloat(getComputedStyle(stage.root).fontSize);
  const least = 1.9 * px, room = place.clientHeight / n - 3.5;
  stage.root.style.setProperty("--h", `${clamp(Math.floor(room), Math.ceil(least), 4.5 * px)}px`);
}
