// Names of the groups on the map.

import { clamp } from "./geometry.js";
import { radiusOf } from "./look.js";

const MOST_LABELS = 40; // names on the map, those of the densest groups
const FEW = 400; // points, below which names do not stand on them
const SIDE = 32; // cells on a side, in which the densest part of a group is looked for

export function paintLabels(map, context, theme) {
  if (map.coloring.kind !== "groups") return;
  // among few points a name stands above the one in the middle, not on it
  const above = map.n < FEW ? radiusOf(map) / map.ratio + 9 : 0, taken = [];
  for (const { group, x, y } of centresOf(map)) {
    const [px, py] = map.toScreen(x, y), name = map.coloring.names[group], wide = 0.3 * map.fontPx * name.length + 4;
    // the densest group comes first: a name that would cover another one is left out
    if (taken.some(([x0, y0, wide0]) => Math.abs(px - x0) < wide + wide0 && Math.abs(py - y0) < map.fontPx + 2)) continue;
    taken.push([px, py, wide]);
    paintText(map, context, theme, name, px, py - above);
  }
}

// A text on a rim of the background's colour, all of it inside the map.
export function paintText(map, context, theme, text, x, y) {
  context.font = `600 ${map.fontPx}px ${theme.font}`;
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
