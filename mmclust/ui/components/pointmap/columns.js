// Any column of the run as what colours the points of a map or says how large they are.

import { rgb } from "./look.js";

const KEY = "column"; // of the colouring, of which there is one at a time
const NONE = "#9aa0a6"; // of points without a value
const MOST_NAMES = 60; // groups with a colour and a chip of their own; those of most samples come first
const WHEEL = ["#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#edc948", "#b07aa1", "#ff9da7", "#9c755f", "#1f9e89",
  "#6a3d9a", "#b15928", "#a6cee3", "#b2df8a", "#fb9a99", "#fdbf6f", "#cab2d6", "#33a02c", "#1f78b4", "#e31a1c"];
const LARGEST = 4; // sizes beyond the smallest

// The colouring by a column, whose values are written into the map's file; null takes it away.
export function coloringOf(map, column) {
  const { file, n } = map, kept = file.colorings.filter((one) => one.key !== KEY);
  if (!column) {
    file.colorings = kept;
    return null;
  }
  const { ids } = file.arrays, about = { key: KEY, title: column.title, help: column.help, values: KEY, low: "", high: "" };
  const found = column.grouped ? groups(column, ids, n) : steps(column, ids, n);
  file.arrays[KEY] = found.values;
  file.colorings = [...kept, { ...about, ...found.about }];
  return KEY;
}

function groups({ names, colors, values, none, cells }, ids, n) {
  const several = names.length > MOST_NAMES && !colors.length, most = several ? MOST_NAMES - 1 : names.length;
  const shown = [...names.slice(0, most), ...(several ? ["other"] : []), "no value"];
  const table = [...names.slice(0, most).map((_, g) => colors[g] ?? WHEEL[g % WHEEL.length]), ...(several ? [NONE] : []), NONE];
  const found = shown.length < 256 ? new Uint8Array(n) : new Uint16Array(n), last = shown.length - 1;
  for (let i = 0; i < n; i++) found[i] = values[ids[i]] === none ? last : Math.min(cells[ids[i]], most);
  return { values: found, about: { kind: "groups", names: shown, colors: table } };
}

function steps(column, ids, n) {
  const { values, none, colors } = column, found = new Uint8Array(n);
  for (let i = 0; i < n; i++) found[i] = values[ids[i]] === none ? 255 : Math.round((values[ids[i]] * 254) / (none - 1));
  const text = (value) => (column.kind === "date" ? new Date(value).toISOString().slice(0, 10) : String(Number(value.toPrecision(4))));
  return { values: found, about: { kind: "scale", names: [], colors, none: NONE, low: text(column.low), high: text(column.high) } };
}

// For each value of a colouring, its place in the table of colours; only scales need it.
export function placesOf({ colors, none }) {
  const places = new Uint8Array(256), last = colors.length - 1;
  for (let value = 0; value < 256; value++) places[value] = Math.round((value * last) / (none ? 254 : 255));
  if (none) places[255] = colors.length;
  return places;
}

export const tableOf = ({ colors, none }) => new Uint8Array([...colors, ...(none ? [none] : [])].flatMap(rgb));

// One of a few sizes for each point, the smallest for those without a value; null where all are alike.
export function sizesOf(map, column) {
  if (!column) return null;
  const { ids } = map.file.arrays, found = new Uint8Array(map.n);
  for (let i = 0; i < map.n; i++) {
    const value = column.values[ids[i]];
    found[i] = value === column.none ? 0 : Math.round((value * LARGEST) / (column.none - 1));
  }
  return found;
}
