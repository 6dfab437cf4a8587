// What a drag of the lasso or the box has drawn around.

import { contains, outline } from "./geometry.js";
import { visitNear } from "./positions.js";

// One byte per point: whether it is shown inside of what a drag has drawn.
export function pointsInside(map, drag) {
  const path = outline(drag, map.tool).map(([x, y]) => map.toData(x, y));
  const xs = path.map((p) => p[0]), ys = path.map((p) => p[1]);
  const bits = new Uint8Array(map.n);
  visitNear(map, Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys), (i) => {
    if (map.isShown(i) && contains(path, map.xy[2 * i], map.xy[2 * i + 1])) bits[i] = 1;
  });
  return bits;
}
