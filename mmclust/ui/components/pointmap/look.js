// Colours and sizes: of the page's theme and of the points.

import { clamp } from "./geometry.js";

export function themeOf(map) {
  const style = getComputedStyle(map.root);
  const get = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
  return {
    back: get("--st-background-color", "#ffffff"),
    text: get("--st-text-color", "#222222"),
    font: get("--st-font", "sans-serif"),
    accent: get("--st-primary-color", "#0b7285"),
  };
}

const KNOWN = new Map(); // colours of CSS -> [r, g, b]

// "#rrggbb", "rgb(...)" or any other colour of CSS, such as "white" -> [r, g, b]
export function rgb(text) {
  if (!KNOWN.has(text)) {
    const context = document.createElement("canvas").getContext("2d");
    context.fillStyle = text;
    context.fillRect(0, 0, 1, 1);
    KNOWN.set(text, [...context.getImageData(0, 0, 1, 1).data.subarray(0, 3)]);
  }
  return KNOWN.get(text);
}

// Radius of a point in pixels of the screen.
export function radiusOf(map) {
  const usual = (map.small ? 110 : 190) / Math.sqrt(map.n + 400);
  return clamp(usual * Math.pow(map.view.zoom, 0.35), 1.1, 7) * map.ratio;
}

// Red, green, blue and nothing for every value that a point may have.
export function paletteOf(values, table, places) {
  const found = new Uint8Array(4 * 2 ** (8 * values.BYTES_PER_ELEMENT)), count = table.length / 3;
  for (let value = 0; 4 * value < found.length; value++) {
    const at = 3 * (places ? places[value] : value % count);
    for (let k = 0; k < 3; k++) found[4 * value + k] = table[at + k];
  }
  return found;
}

// The colour of a point as [r, g, b].
export function colorOf(map, i) {
  const at = 4 * map.values[i];
  return [...map.palette.subarray(at, at + 3)];
}
