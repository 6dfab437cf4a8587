// Names of the groups on the map, and words that are typical of its dense regions.

import { clamp } from "./geometry.js";
import { radiusOf } from "./look.js";

const MOST_LABELS = 40; // names on the map, those of the densest groups
const MOST_GROUPS = 2000; // that are looked at for names
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
  if (map.centred?.key === key && map.centred.values === map.values) return map.centred.found;
  const found = densest(map);
  map.centred = { key, values: map.values, found };
  return found;
}

function densest(map) {
  const { n, xy, values } = map, groups = largestGroups(map), places = new Int32Array(2 ** (8 * values.BYTES_PER_ELEMENT)).fill(-1);
  groups.forEach((group, place) => (places[group] = place));
  // points, and the sums of their positions, by group and cell
  const counts = new Uint32Array(groups.length * SIDE * SIDE), xs = new Float64Array(counts.length), ys = new Float64Array(counts.length);
  for (let i = 0; i < n; i++) {
    const place = places[values[i]];
    if (place < 0 || map.blocked?.[map.file.arrays.ids[i]]) continue;
    const x = xy[2 * i], y = xy[2 * i + 1];
    const at = (place * SIDE + Math.min(SIDE - 1, (y * SIDE) | 0)) * SIDE + Math.min(SIDE - 1, (x * SIDE) | 0);
    counts[at]++;
    xs[at] += x;
    ys[at] += y;
  }
  const found = groups.map((group, place) => {
    let best = place * SIDE * SIDE;
    for (let at = best, end = best + SIDE * SIDE; at < end; at++) if (counts[at] > counts[best]) best = at;
    return { group, count: counts[best], x: xs[best] / counts[best], y: ys[best] / counts[best] };
  });
  return found.filter(({ count }) => count).sort((a, b) => b.count - a.count).slice(0, MOST_LABELS);
}

// The groups that are not hidden; of very many those with most points.
function largestGroups({ n, values, hidden }) {
  const sizes = new Uint32Array(2 ** (8 * values.BYTES_PER_ELEMENT));
  for (let i = 0; i < n; i++) sizes[values[i]]++;
  const found = [...sizes.keys()].filter((group) => sizes[group] && !hidden.has(group));
  return found.length <= MOST_GROUPS ? found : found.sort((a, b) => sizes[b] - sizes[a]).slice(0, MOST_GROUPS);
}
