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

// "#rrggbb", "rgb(...)" or any other colour of CSS -> [r, g, b]
export function rgb(text) {
  const hex = /^#([0-9a-f]{6})$/i.exec(text.trim());
  if (hex) return [0, 2, 4].map((i) => parseInt(hex[1].slice(i, i + 2), 16));
  const found = text.match(/[\d.]+/g);
  return found && found.length >= 3 ? found.slice(0, 3).map(Number) : [127, 127, 127];
}

// Radius of a point in pixels of the screen.
export function radiusOf(map) {
  const usual = (map.small ? 110 : 190) / Math.sqrt(map.n + 400);
  return clamp(usual * Math.pow(map.view.zoom, 0.35), 1.1, 7) * map.ratio;
}

// The colour of a point as [r, g, b].
export function colorOf(map, i) {
  const count = map.table.length / 3, value = map.values[i];
  const at = 3 * (map.coloring.kind === "scale" ? Math.round((value * (count - 1)) / 255) : value % count);
  return [...map.table.subarray(at, at + 3)];
}
