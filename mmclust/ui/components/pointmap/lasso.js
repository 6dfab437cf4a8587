// What a drag of the lasso or the box has drawn around.

import { contains, outline } from "./geometry.js";
import { HIDDEN, layersOf } from "./layers.js";
import { cellsIn, lineAt, sideOf } from "./positions.js";

// One byte per point: whether it is shown inside of what a drag has drawn.
export function pointsInside(map, drag) {
  const path = outline(drag, map.tool).map(([x, y]) => map.toData(x, y)), { xy, blocked } = map, { ids } = map.file.arrays;
  const bits = new Uint8Array(map.n), layers = layersOf(map), crossed = cellsCrossed(path, sideOf(map));
  const xs = path.map((p) => p[0]), ys = path.map((p) => p[1]);
  cellsIn(map, Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys), (cell, order, start, end) => {
    // no line runs through the cell: all of its points are on the same side
    const whole = !crossed.has(cell) && end > start;
    if (whole && !contains(path, xy[2 * order[start]], xy[2 * order[start] + 1])) return;
    for (let k = start; k < end; k++) {
      const i = order[k];
      if (layers[i] === HIDDEN || blocked?.[ids[i]]) continue;
      if (whole || contains(path, xy[2 * i], xy[2 * i + 1])) bits[i] = 1;
    }
  });
  return bits;
}

// The cells of the index that the lines of a polygon touch, some beside them too.
function cellsCrossed(path, side) {
  const found = new Set();
  for (let k = 0; k < path.length; k++) {
    const [x0, y0] = path[k], [x1, y1] = path[(k + 1) % path.length];
    const n = Math.ceil(2 * side * Math.hypot(x1 - x0, y1 - y0)) + 1; // steps of at most half a cell
    for (let step = 0; step <= n; step++) {
      const column = lineAt(x0 + (step / n) * (x1 - x0), side), row = lineAt(y0 + (step / n) * (y1 - y0), side);
      for (let r = row - 1; r <= row + 1; r++) for (let c = column - 1; c <= column + 1; c++) found.add(r * side + c);
    }
  }
  return found;
}
