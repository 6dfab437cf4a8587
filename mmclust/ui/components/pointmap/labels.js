// Names of the groups on the map, and words that are typical of its dense regions.

import { clamp } from "./geometry.js";
import { radiusOf } from "./look.js";

const MOST_LABELS = 40; // names on the map, those of the densest groups
const FEW = 400; // points, below which names do not stand on them
const WORDS_PX = 11.5;
const SIDE = 32; // cells on a side, in which the densest part of a group is looked for

// Labels are placed one after the other, the most important first; one that would cover an earlier one is left out
// (greedy placement: Christensen, Marks and Shieber, ACM Trans. Graphics 14(3), 1995). None depends on where the map is
// panned to, and only zooming brings new ones.
export function paintLabels(map, context, theme) {
  const taken = [];
  const free = (px, py, wide, high) => {
    if (taken.some((t) => Math.abs(px - t.px) < wide + t.wide && Math.abs(py - t.py) < high + t.high)) return false;
    taken.push({ px, py, wide, high });
    return true;
  };
  paintNames(map, context, theme, free);
  paintWords(map, context, theme, free);
}

function paintNames(map, context, theme, free) {
  if (map.coloring.kind !== "groups") return;
  // among few points a name stands above the one in the middle, not on it
  const above = map.n < FEW ? radiusOf(map) / map.ratio + 9 : 0;
  for (const { group, x, y } of centresOf(map)) {
    const [px, py] = map.toScreen(x, y), name = map.coloring.names[group];
    if (free(px, py - above, 0.3 * map.fontPx * name.length + 4, map.fontPx / 2 + 1))
      paintText(map, context, theme, name, px, py - above);
  }
}

// Regions of half the width are shown where the map is twice as large; words that stand somewhere are not repeated.
function paintWords(map, context, theme, free) {
  const finest = Math.log2(map.view.zoom) + 0.5;
  const written = map.coloring.kind === "groups" ? [...map.coloring.names] : [];
  for (const { x, y, text, level } of map.file.words ?? []) {
    if (level > finest || written.some((other) => other.includes(text))) continue;
    const [px, py] = map.toScreen(x, y);
    if (!free(px, py, 0.27 * WORDS_PX * text.length + 4, WORDS_PX / 2 + 2)) continue;
    written.push(text);
    if (px > 0 && px < map.width && py > 0 && py < map.height)
      paintText(map, context, theme, text, px, py, `italic 500 ${WORDS_PX}px ${theme.font}`);
  }
}

// A text on a rim of the background's colour, all of it inside the map.
export function paintText(map, context, theme, text, x, y, font = `600 ${map.fontPx}px ${theme.font}`) {
  context.font = font;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  const half = context.measureText(text).width / 2 + 3;
  x = clamp(x, half, Math.max(half, map.width - half));
  context.lineWidth = 4;
  context.strokeStyle = theme.back;
  context.strokeText(text, x, y);
  context.fillStyle = theme.text;
  context.fillText(text, x, y);
}

// The point of each group in whose cell of the index most of the group lies: inside the group, unlike its mean.
function centresOf(map) {
  // while time runs the points move little between two moments: names are placed anew with the next one
  const key = [map.driven ? Math.round(map.time) : map.time, map.colorKey, ...map.hidden].join();
  if (map.centred?.key === key && map.centred.file === map.file) return map.centred.found;
  const counts = new Map();
  for (let i = 0; i < map.n; i++) {
    if (!map.isShown(i)) continue;
    const column = Math.min(SIDE - 1, Math.floor(map.xy[2 * i] * SIDE)), row = Math.min(SIDE - 1, Math.floor(map.xy[2 * i + 1] * SIDE));
    const place = map.values[i] * SIDE * SIDE + row * SIDE + column;
    let sum = counts.get(place);
    if (!sum) counts.set(place, (sum = [0, 0, 0]));
    sum[0]++;
    sum[1] += map.xy[2 * i];
    sum[2] += map.xy[2 * i + 1];
  }
  const best = new Map();
  for (const [place, sum] of counts) {
    const group = Math.floor(place / (SIDE * SIDE));
    if (!best.has(group) || best.get(group)[0] < sum[0]) best.set(group, sum);
  }
  const largest = [...best].sort(([, a], [, b]) => b[0] - a[0]).slice(0, MOST_LABELS);
  const found = largest.map(([group, [count, x, y]]) => ({ group, x: x / count, y: y / count }));
  map.centred = { key, file: map.file, found };
  return found;
}
