// The map under the pointer: hover, click, drag and wheel.

import { showCard } from "./card.js";
import { pointsInside } from "./lasso.js";
import { firstPointOf, pickAt } from "./positions.js";
import { choose, chooseOne, clear } from "./selection.js";

const DWELL_MS = 90; // how long the pointer must rest before the card appears
const DRAG_PX = 3; // from which distance on a press is a drag
const NOWHERE = [-1e6, -1e6];

export function listenToPointer(map) {
  const { over } = map;
  over.addEventListener("pointerdown", (event) => map.file && !map.fixed && press(map, event));
  over.addEventListener("pointermove", (event) => map.file && move(map, event));
  over.addEventListener("pointerup", (event) => release(map, event));
  over.addEventListener("pointercancel", () => {
    map.drag = null;
    map.draw();
  });
  over.addEventListener("pointerleave", () => map.drag || pointAt(map, ...NOWHERE));
  over.addEventListener("wheel", (event) => map.file && !map.fixed && turnWheel(map, event), { passive: false });
  over.addEventListener("dblclick", () => map.fixed || map.fit());
}

function placeOf(map, event) {
  const box = map.over.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

function press(map, event) {
  const [x, y] = placeOf(map, event);
  const pans = map.tool === "pan" || event.button === 1 || map.space;
  map.drag = { x, y, pans, view: { ...map.view }, path: pans ? null : [[x, y]], moved: false };
  map.over.setPointerCapture(event.pointerId);
  map.canvas.focus({ preventScroll: true });
  event.preventDefault();
}

function move(map, event) {
  const [x, y] = placeOf(map, event), { drag } = map;
  if (!drag) return pointAt(map, x, y);
  drag.moved ||= Math.hypot(x - drag.x, y - drag.y) > DRAG_PX;
  if (drag.pans) {
    map.view.x = drag.view.x - (x - drag.x) / map.scale;
    map.view.y = drag.view.y + (y - drag.y) / map.scale;
    map.draw();
  } else if (drag.moved) {
    drag.path.push([x, y]);
    map.drawOver();
  }
}

function release(map, event) {
  const { drag } = map;
  map.drag = null;
  if (!drag || !map.file) return;
  if (!drag.moved) click(map, drag, event);
  else if (!drag.pans) choose(map, pointsInside(map, drag), event);
  map.drawOver();
}

function turnWheel(map, event) {
  event.preventDefault();
  showCard(map, -1);
  map.zoomAt(...placeOf(map, event), Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)));
}

function pointAt(map, x, y) {
  if (!map.file) return;
  const found = pickAt(map, x, y);
  if (found === map.hover) return;
  map.hover = found;
  clearTimeout(map.dwell);
  showCard(map, -1);
  map.drawOver();
  for (const peer of map.peers) mark(peer, found < 0 ? -1 : map.file.arrays.ids[found]);
  if (found >= 0) map.dwell = setTimeout(() => showCard(map, found), DWELL_MS);
}

// Mark the sample that is under the pointer in a map beside.
function mark(map, id) {
  map.hover = id < 0 ? -1 : firstPointOf(map, id);
  map.drawOver();
}

function click(map, { x, y }, event) {
  const found = pickAt(map, x, y);
  if (found >= 0) {
    map.focus = found;
    chooseOne(map, found, event);
  } else if (!event.shiftKey && !event.ctrlKey && !event.metaKey) clear(map);
}
