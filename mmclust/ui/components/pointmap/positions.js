// Where the points are: at the time that is shown, near a place, in a direction.

import { clamp } from "./geometry.js";

const PICK_PX = 14; // how near the pointer must be to a point

// Cells on a side of the index: finer among many points, of which a lasso then has fewer near its line.
export const sideOf = (map) => (map.n > 200_000 ? 256 : 64);

// Positions at the current time.
export function placePoints(map) {
  const { frames, arrays } = map.file;
  const low = Math.floor(map.time), high = Math.min(low + 1, frames.length - 1), share = map.time - low;
  const from = arrays[frames[low].xy], to = arrays[frames[high].xy];
  if (map.xy?.length !== 2 * map.n) map.xy = new Float32Array(2 * map.n);
  const { xy } = map;
  for (let i = 0; i < xy.length; i++) xy[i] = (from[i] + share * (to[i] - from[i])) / 65535;
  map.moment = frames[Math.round(map.time)];
  map.grid = null;
  map.contourLines = null;
}

// The row or column of the index that a coordinate stands in.
export const lineAt = (v, side) => clamp(Math.floor(v * side), 0, side - 1);

// The cells with their points, to find those near a place; made when first asked for, so not while time runs.
function cellsOf(map) {
  if (map.grid) return map.grid;
  const { xy } = map, side = sideOf(map);
  const starts = new Uint32Array(side * side + 1), cell = new Uint16Array(map.n);
  for (let i = 0; i < map.n; i++) {
    const column = Math.min(side - 1, Math.floor(xy[2 * i] * side)), row = Math.min(side - 1, Math.floor(xy[2 * i + 1] * side));
    cell[i] = row * side + column;
    starts[cell[i] + 1]++;
  }
  for (let c = 0; c < side * side; c++) starts[c + 1] += starts[c];
  const next = starts.slice(0, side * side), order = new Uint32Array(map.n);
  for (let i = 0; i < map.n; i++) order[next[cell[i]]++] = i;
  return (map.grid = { starts, order });
}

// Calls `visit` for all cells that touch a box of data coordinates: number, and from where to where their points stand.
export function cellsIn(map, x0, y0, x1, y1, visit) {
  const { starts, order } = cellsOf(map), side = sideOf(map), left = lineAt(x0, side), right = lineAt(x1, side);
  for (let row = lineAt(y0, side); row <= lineAt(y1, side); row++)
    for (let c = row * side + left, end = row * side + right; c <= end; c++) visit(c, order, starts[c], starts[c + 1]);
}

// The point under the pointer, -1 without one.
export function pickAt(map, px, py) {
  const [x, y] = map.toData(px, py), reach = PICK_PX / map.scale;
  let best = -1, least = reach * reach;
  cellsIn(map, x - reach, y - reach, x + reach, y + reach, (_, order, start, end) => {
    for (let k = start; k < end; k++) {
      const i = order[k], dx = map.xy[2 * i] - x, dy = map.xy[2 * i + 1] - y, far = dx * dx + dy * dy;
      if (far < least && map.isShown(i)) [best, least] = [i, far];
    }
  });
  return best;
}

// The nearest point that is shown, wherever it is.
export function nearestTo(map, x, y) {
  let best = -1, least = Infinity;
  for (let i = 0; i < map.n; i++) {
    const far = (map.xy[2 * i] - x) ** 2 + (map.xy[2 * i + 1] - y) ** 2;
    if (far < least && map.isShown(i)) [best, least] = [i, far];
  }
  return best;
}

// The first point of a sample, -1 where it is not shown.
export function firstPointOf(map, id) {
  if (!map.firsts) {
    map.firsts = new Map();
    const { ids } = map.file.arrays;
    for (let i = map.n - 1; i >= 0; i--) map.firsts.set(ids[i], i);
  }
  return map.firsts.get(id) ?? -1;
}


// The nearest point within 45 degrees of a direction: what an arrow key walks to; -1 without one.
export function nearestTowards(map, from, dx, dy) {
  const x = map.xy[2 * from], y = map.xy[2 * from + 1];
  let best = -1, least = Infinity;
  for (let i = 0; i < map.n; i++) {
    const ex = map.xy[2 * i] - x, ey = map.xy[2 * i + 1] - y;
    const along = ex * dx + ey * dy, across = Math.abs(ex * dy - ey * dx);
    if (along > 1e-5 && across <= along && along + 2 * across < least && map.isShown(i))
      [best, least] = [i, along + 2 * across];
  }
  return best;
}
