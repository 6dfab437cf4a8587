// The map through training time.

import { showCard } from "./card.js";
import { clamp } from "./geometry.js";
import { showLegend } from "./legend.js";
import { placePoints } from "./positions.js";

const FRAME_MS = 500; // from one epoch to the next while time runs

// The moment that is shown, as the time of another file of the same map, which may hold more frames or others.
export function timeIn(map, file) {
  const epochs = file.frames.map((frame) => frame.epoch), now = map.moment.epoch;
  if (epochs[Math.round(map.time)] === now) return Math.min(map.time, epochs.length - 1);
  return Math.max(0, epochs.findLastIndex((epoch) => epoch <= now));
}

// Show a time: a number of a frame, or between two of them.
export function goTo(map, time) {
  map.time = clamp(time, 0, map.last);
  const before = map.moment;
  placePoints(map);
  if (before !== map.moment) {
    map.recolor();
    showLegend(map);
  }
  showTime(map);
  showCard(map, -1);
  map.draw();
}

export function togglePlay(map) {
  if (map.playing) return stop(map);
  if (map.time >= map.last) goTo(map, 0);
  runOn(map);
  map.find("play").setAttribute("aria-pressed", "true");
}

// Let time run from here to the last frame.
export function runOn(map) {
  const from = map.time;
  let began;
  const step = (now) => {
    began ??= now;
    goTo(map, from + (now - began) / FRAME_MS);
    if (map.time < map.last) map.playing = requestAnimationFrame(step);
    else stop(map);
  };
  map.playing = requestAnimationFrame(step);
}

export function pause(map) {
  cancelAnimationFrame(map.playing);
  map.playing = 0;
  map.find("play").setAttribute("aria-pressed", "false");
}

function stop(map) {
  pause(map);
  rest(map);
}

// Tell the server where the play head rests: columns, charts and queries are then of this epoch.
export function rest(map) {
  if (!map.follows || map.moment.epoch === map.rested) return;
  map.rested = map.moment.epoch;
  map.send("epoch", map.rested);
}

export function showTime(map) {
  map.find("scrub").value = map.time;
  map.find("epoch").textContent = `epoch ${map.moment.epoch}`;
}
