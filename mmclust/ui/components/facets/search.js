// The samples whose texts hold some letters: all texts of a group of columns, in any letter case.

import { column } from "./columns.js";

const lower = new WeakMap(); // column -> its names in small letters

// One byte for each of n sample ids, or null for no letters.
export async function matching(catalogue, letters, n) {
  const wanted = letters.trim().toLocaleLowerCase();
  if (!wanted) return null;
  const inside = new Uint8Array(n);
  const columns = await Promise.all(catalogue.filter((about) => about.searched).map((about) => column(about).catch(() => null)));
  for (const one of columns) if (one) mark(one, wanted, inside);
  return inside;
}

function mark(one, wanted, inside) {
  if (!lower.has(one)) lower.set(one, one.names.map((name) => name.toLocaleLowerCase()));
  const names = lower.get(one), hit = new Uint8Array(one.n_cells);
  let any = false;
  for (let group = 0; group < names.length; group++) if (names[group].includes(wanted)) any = hit[group] = true;
  if (any) for (let id = 0; id < inside.length; id++) inside[id] |= hit[one.cells[id]];
}
