// Plane geometry of the map, in the coordinates of the data or of the screen.

export const clamp = (x, low, high) => Math.min(high, Math.max(low, x));

// The polygon that a drag has drawn.
export function outline(drag, tool) {
  if (tool !== "box") return drag.path;
  const [x, y] = drag.path[drag.path.length - 1];
  return [[drag.x, drag.y], [x, drag.y], [x, y], [drag.x, y]];
}

// Whether a point lies inside a polygon.
export function contains(path, x, y) {
  let inside = false;
  for (let i = 0, j = path.length - 1; i < path.length; j = i++) {
    const [xi, yi] = path[i], [xj, yj] = path[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}
