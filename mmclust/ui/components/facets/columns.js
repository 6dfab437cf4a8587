// Columns in the browser: one value for each sample id, as steps between two ends or as the number of a group.

import { fetched } from "../pointmap/files.js";

const BINS = 48;
const known = new Map(); // address -> promise of a column

// A column with its values; asked for once.
export function column(about) {
  if (!known.has(about.url)) {
    const promise = fetched(about.url).then((file) => opened(about, file));
    promise.catch(() => known.delete(about.url));
    known.set(about.url, promise);
  }
  return known.get(about.url);
}

function opened(about, file) {
  const { values } = file.arrays, none = file.none;
  const found = { ...about, ...file, values, none, grouped: file.names !== null };
  if (found.grouped) return { ...found, cells: withNone(values, none, file.names.length), n_cells: file.names.length + 1 };
  const whole = file.whole && file.high - file.low < BINS ? file.high - file.low + 1 : BINS;
  return { ...found, bins: whole, cells: binned(values, none, whole), n_cells: whole + 1 };
}

// The group of each sample, those without a value in one more at the end.
function withNone(values, none, n_groups) {
  const cells = n_groups < 256 ? new Uint8Array(values.length) : new values.constructor(values.length);
  for (let id = 0; id < values.length; id++) cells[id] = values[id] === none ? n_groups : values[id];
  return cells;
}

function binned(values, none, bins) {
  const cells = new Uint8Array(values.length), step = bins / none;
  for (let id = 0; id < values.length; id++)
    cells[id] = values[id] === none ? bins : Math.min(bins - 1, Math.floor(values[id] * step));
  return cells;
}

// The number that a share of the way between the two ends stands for.
export const numberAt = ({ low, high }, share) => low + share * (high - low);

export function shown(about, value) {
  if (about.kind === "date") return new Date(value).toISOString().slice(0, about.high - about.low < 4e8 ? 16 : 10).replace("T", " ");
  return Number(value.toPrecision(3)).toLocaleString(undefined, { maximumSignificantDigits: 4 });
}
