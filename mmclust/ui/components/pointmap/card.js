// The card beside a point: the sample's thumbnail, groups and caption.

import { escape } from "../escape.js";
import { captionOf } from "./files.js";
import { thumbnail } from "./painting.js";

const THUMB_PX = 84;

// A value of a scale: of a column about where it stands between its ends, of other scales a share.
function scaled({ none, low, high }, value) {
  if (!none) return `${Math.round((value / 255) * 100)}%`;
  if (value === 255) return "no value";
  return Number.isNaN(Number(low)) ? `${low} to ${high}` : String(Number((Number(low) + (value / 254) * (high - low)).toPrecision(3)));
}

// Show the card of a point; -1 hides it.
export function showCard(map, i) {
  const card = map.find("card");
  if (i < 0) {
    card.hidden = true;
    return;
  }
  const { arrays, colorings, atlas } = map.file;
  const lines = colorings.map((coloring) => {
    const value = arrays[map.moment[coloring.key] ?? coloring.values][i];
    const text = coloring.kind === "groups" ? coloring.names[value] : scaled(coloring, value);
    const color = coloring.kind === "groups" ? `<i style="background:${coloring.colors[value % coloring.colors.length]}"></i>` : "";
    return `<div><small>${escape(coloring.title)}</small>${color}${escape(text)}</div>`;
  });
  let picture = "";
  if (atlas) {
    const cell = thumbnail(map, i), zoom = THUMB_PX / cell.size;
    picture = `<div class="pm-thumb" style="background-image:url('${cell.address}');
      background-position:${-cell.x * zoom}px ${-cell.y * zoom}px;
      background-size:${atlas.columns * THUMB_PX}px ${atlas.rows * THUMB_PX}px;
      image-rendering:${cell.size < 48 ? "pixelated" : "auto"}"></div>`;
  }
  const told = captionOf(map.file.texts, arrays.ids[i], () => card.hidden || showCard(map, map.hover));
  card.innerHTML = `${picture}<div class="pm-lines"><div><small>sample</small>${arrays.ids[i]}</div>${lines.join("")}
    ${told ? `<p>${escape(told)}</p>` : ""}</div>`;
  card.hidden = false;
  const [x, y] = map.toScreen(map.xy[2 * i], map.xy[2 * i + 1]);
  const right = x + 16 + card.offsetWidth > map.width, low = y + 16 + card.offsetHeight > map.height;
  card.style.left = `${right ? x - 16 - card.offsetWidth : x + 16}px`;
  card.style.top = `${low ? y - 16 - card.offsetHeight : y + 16}px`;
}
