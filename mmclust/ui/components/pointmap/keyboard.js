// The map by keyboard: arrows walk from point to point.

import { showCard } from "./card.js";
import { nearestTo, nearestTowards } from "./positions.js";
import { chooseOne, clear } from "./selection.js";

const EDGE_PX = 20; // a point nearer to the edge is brought to the centre
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const ZOOMS = { "+": 1.4, "=": 1.4, "-": 1 / 1.4 };

export function listenToKeys(map) {
  map.root.addEventListener("keydown", (event) => {
    if (!map.file || event.target.matches("input, button") || !press(map, event)) return;
    event.preventDefault();
    event.stopPropagation();
  });
  map.root.addEventListener("keyup", (event) => {
    if (event.key === " ") map.space = false;
  });
}

// Do what a key stands for; returns whether it stands for anything.
function press(map, event) {
  const { key } = event, zoom = ZOOMS[key];
  if (DIRECTIONS[key]) walk(map, ...DIRECTIONS[key]);
  else if (map.fixed) return false;
  else if (key === "Enter" && map.focus >= 0) chooseOne(map, map.focus, event);
  else if (key === "Escape") escapeAll(map);
  else if (zoom) map.zoomAt(map.width / 2, map.height / 2, zoom);
  else if (key === "0") map.fit();
  else if (key === " ") map.space = true;
  else return false;
  return true;
}

function escapeAll(map) {
  map.drag = null;
  showCard(map, -1);
  clear(map);
  map.drawOver();
}

function walk(map, dx, dy) {
  const found = map.focus < 0 ? nearestTo(map, map.view.x, map.view.y) : nearestTowards(map, map.focus, dx, dy);
  if (found >= 0) map.focus = found;
  if (map.focus < 0) return;
  const [x, y] = [map.xy[2 * map.focus], map.xy[2 * map.focus + 1]], [px, py] = map.toScreen(x, y);
  if (Math.min(px, py, map.width - px, map.height - py) < EDGE_PX) Object.assign(map.view, { x, y });
  map.hover = map.focus;
  map.draw();
  showCard(map, map.focus);
}
