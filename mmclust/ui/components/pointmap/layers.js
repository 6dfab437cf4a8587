// Which points are drawn, and how strongly. Worked out anew only when selection, filters, hidden groups or groups change.

import { shared } from "./shared.js";

export const HIDDEN = 0;
export const FAINT = 1;
export const STRONG = 2;

// One byte for each point: FAINT outside of the selection or of what passes the filters.
export function layersOf(map) {
  const filter = shared.filters.get(map.group), hides = map.coloring.kind === "groups" && map.hidden.size > 0;
  const key = [map.values, map.selected, map.count > 0, filter, filter?.version, hides ? [...map.hidden].join() : ""];
  if (map.layers && key.every((part, k) => part === map.layers.key[k])) return map.layers.found;
  const found = map.layers?.found.length === map.n ? map.layers.found : new Uint8Array(map.n);
  fill(map, hides, found);
  map.layers = { key, found, number: (map.layers?.number ?? 0) + 1 };
  return found;
}

function fill({ n, values, selected, count, blocked, hidden, file }, hides, found) {
  const { ids } = file.arrays;
  if (!count && !blocked) found.fill(STRONG);
  else if (!blocked) for (let i = 0; i < n; i++) found[i] = FAINT + selected[i];
  else if (!count) for (let i = 0; i < n; i++) found[i] = blocked[ids[i]] ? FAINT : STRONG;
  else for (let i = 0; i < n; i++) found[i] = selected[i] && !blocked[ids[i]] ? STRONG : FAINT;
  if (!hides) return;
  const away = new Uint8Array(2 ** (8 * values.BYTES_PER_ELEMENT));
  for (const group of hidden) away[group] = 1;
  for (let i = 0; i < n; i++) if (away[values[i]]) found[i] = HIDDEN;
}

// The layers that hold points, the lower one first.
export const layersIn = (map) => (map.count || map.blocked ? [FAINT, STRONG] : [STRONG]);
