// The selection: one bit per point on its way to and from the server, one byte per point or sample here.

import { showLegend } from "./legend.js";
import { shared } from "./shared.js";

// One byte per point from the server's text.
export function unpacked(text, n) {
  const bits = new Uint8Array(n);
  if (!text) return bits;
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  for (let i = 0; i < n; i++) bits[i] = (bytes[i >> 3] >> (i & 7)) & 1;
  return bits;
}

function packed(bits) {
  const bytes = new Uint8Array((bits.length + 7) >> 3);
  for (let i = 0; i < bits.length; i++) bytes[i >> 3] |= bits[i] << (i & 7);
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}

// Hold these points as the selection.
export function hold(map, bits, text) {
  map.selected = bits;
  map.count = 0;
  for (let i = 0; i < bits.length; i++) map.count += bits[i];
  map.sent = text ?? (map.count ? packed(bits) : "");
}

// Show what is selected, without telling the server.
export function take(map, bits, text) {
  hold(map, bits, text);
  showLegend(map);
  map.draw();
}

// Select samples here and in the maps beside, and tell the server.
function select(map, samples) {
  for (const one of [map, ...map.peers]) take(one, bitsOfSamples(one, samples));
  shared.told += 1;
  shared.toldAt = performance.now();
  map.send("selected", [shared.told, packed(map.selected)]);
}

// Select points. Shift adds them to the selection, Ctrl (or Cmd) takes them away from it.
export function choose(map, bits, event) {
  const samples = samplesOf(map, bits), before = samplesOf(map, map.selected);
  if (event.shiftKey) for (let id = 0; id < samples.length; id++) samples[id] |= before[id];
  else if (event.ctrlKey || event.metaKey)
    for (let id = 0; id < samples.length; id++) samples[id] = before[id] & ~samples[id];
  select(map, samples);
}

export function chooseOne(map, i, event) {
  const bits = new Uint8Array(map.n);
  bits[i] = 1;
  choose(map, bits, event);
}

export function clear(map) {
  if (map.count) select(map, new Uint8Array(1));
}

// One byte for every sample id up to the largest: whether a point of the sample is among the bits.
function samplesOf(map, bits) {
  const { ids } = map.file.arrays, file = map.file;
  if (file.lastId === undefined) file.lastId = largest(ids);
  const samples = new Uint8Array(file.lastId + 1);
  for (let i = 0; i < map.n; i++) samples[ids[i]] |= bits[i];
  return samples;
}

function largest(ids) {
  let most = 0;
  for (let i = 0; i < ids.length; i++) if (ids[i] > most) most = ids[i];
  return most;
}

function bitsOfSamples(map, samples) {
  const { ids } = map.file.arrays, bits = new Uint8Array(map.n);
  for (let i = 0; i < map.n; i++) bits[i] = samples[ids[i]] ?? 0;
  return bits;
}
