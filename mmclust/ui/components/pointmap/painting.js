// The lower canvas: points as discs, or as their thumbnails where there is room.

import { thumbnailOf } from "./files.js";
import { clamp } from "./geometry.js";
import { colorOf, radiusOf, rgb, themeOf } from "./look.js";

const THUMBS_BELOW = 320; // visible points, below which they are drawn as their images
const SIZES = [1, 1.35, 1.75, 2.2, 2.7]; // times the usual radius, where a column says how large points are
const DIM = 0.1; // opacity of points outside of the selection, as a share

// Discs are blended into the pixels by hand: tens of thousands of calls of the canvas would take longer.
export function paintPoints(map) {
  const context = map.canvas.getContext("2d", { alpha: false });
  const { width, height } = map.canvas;
  if (map.image?.width !== width || map.image?.height !== height) map.image = context.createImageData(width, height);
  const pixels = map.image.data, words = new Uint32Array(pixels.buffer);
  const back = rgb(themeOf(map).back);
  words.fill((255 << 24) | (back[2] << 16) | (back[1] << 8) | back[0]);

  const largest = map.sizes ? SIZES.length - 1 : 0, discs = SIZES.slice(0, largest + 1).map((times) => pixelsOf(radiusOf(map) * times, width));
  const opacity = map.n > 20000 ? 0.62 : 0.85, reach = Math.ceil(radiusOf(map) * SIZES[largest]) + 1;
  const scale = map.scale * map.ratio;
  const left = (map.width / 2) * map.ratio - map.view.x * scale;
  const top = (map.height / 2) * map.ratio + map.view.y * scale;
  const { xy, values, table, places, selected, count, blocked, sizes } = map, { ids } = map.file.arrays;
  const n_colors = table.length / 3, scaled = map.coloring.kind === "scale";
  const visible = [], all = map.coloring.kind !== "groups" || !map.hidden.size;
  let { steps, shares } = discs[0];
  for (let pass = count || blocked ? 0 : 1; pass < 2; pass++) {
    const strength = pass ? opacity : opacity * DIM;
    for (let i = 0; i < map.n; i++) {
      if (blocked ? ((!count || selected[i]) && !blocked[ids[i]] ? 1 : 0) !== pass : count && selected[i] !== pass) continue;
      if (!all && map.hidden.has(values[i])) continue;
      const px = (left + xy[2 * i] * scale + 0.5) | 0, py = (top - xy[2 * i + 1] * scale + 0.5) | 0;
      if (px < reach || py < reach || px >= width - reach || py >= height - reach) continue;
      if (visible.length <= THUMBS_BELOW) visible.push(i);
      if (sizes) ({ steps, shares } = discs[sizes[i]]);
      const color = 3 * (scaled ? places[values[i]] : values[i] % n_colors);
      const r = table[color], g = table[color + 1], b = table[color + 2], at = (py * width + px) << 2;
      for (let k = 0; k < steps.length; k++) {
        const p = at + steps[k], a = strength * shares[k];
        pixels[p] += (r - pixels[p]) * a;
        pixels[p + 1] += (g - pixels[p + 1]) * a;
        pixels[p + 2] += (b - pixels[p + 2]) * a;
      }
    }
  }
  context.putImageData(map.image, 0, 0);
  map.thumbs = map.file.atlas && visible.length <= THUMBS_BELOW && map.view.zoom > 1.5 ? visible : null;
  if (map.thumbs) paintThumbs(map, context);
}

function paintThumbs(map, context) {
  const size = clamp(0.5 * Math.sqrt((map.width * map.height) / (map.thumbs.length + 8)), 18, 64) * map.ratio;
  context.imageSmoothingEnabled = map.file.atlas.cell >= 48;
  for (const i of map.thumbs) {
    const cell = thumbnail(map, i);
    if (!cell.page.complete || !cell.page.naturalWidth) continue;
    const [x, y] = map.toScreen(map.xy[2 * i], map.xy[2 * i + 1]).map((v) => v * map.ratio);
    context.globalAlpha = (map.count && !map.selected[i]) || map.blocked?.[map.file.arrays.ids[i]] ? 0.25 : 1;
    context.fillStyle = `rgb(${colorOf(map, i).join(",")})`;
    context.fillRect(x - size / 2 - 2, y - size / 2 - 2, size + 4, size + 4);
    context.drawImage(cell.page, cell.x, cell.y, cell.size, cell.size, x - size / 2, y - size / 2, size, size);
  }
  context.globalAlpha = 1;
}

// Where the thumbnail of a point stands.
export function thumbnail(map, i) {
  const { ids, places } = map.file.arrays;
  return thumbnailOf(map.file.atlas, (places ?? ids)[i], () => map.draw());
}

// Steps from the middle of a disc to its pixels in an image of that width, with the share of each that it covers.
function pixelsOf(radius, width) {
  const mask = disc(radius), n = mask.length >> 1, steps = new Int32Array(n), shares = Float32Array.from(mask.alpha);
  for (let k = 0; k < n; k++) steps[k] = (mask[2 * k + 1] * width + mask[2 * k]) << 2;
  return { steps, shares };
}

// Pixels of a disc as pairs of offsets, with the share of each pixel that the disc covers.
const discs = new Map();
function disc(radius) {
  const key = Math.round(radius * 8);
  if (!discs.has(key)) {
    const offsets = [], alpha = [], reach = Math.ceil(radius);
    for (let dy = -reach; dy <= reach; dy++)
      for (let dx = -reach; dx <= reach; dx++) {
        const share = clamp(radius + 0.5 - Math.hypot(dx, dy), 0, 1);
        if (share > 0) {
          offsets.push(dx, dy);
          alpha.push(share);
        }
      }
    offsets.alpha = alpha;
    discs.set(key, offsets);
  }
  return discs.get(key);
}
