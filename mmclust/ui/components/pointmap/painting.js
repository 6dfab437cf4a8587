// The lower canvas: points as discs, or as their thumbnails where there is room.

import { paintDiscs } from "./discs.js";
import { thumbnailOf } from "./files.js";
import { clamp } from "./geometry.js";
import { HIDDEN, FAINT, STRONG, layersOf } from "./layers.js";
import { colorOf, radiusOf, rgb, themeOf } from "./look.js";
import { paintSplats } from "./splats.js";
import { paintWebgl } from "./webgl.js";

const THUMBS_BELOW = 320; // visible points, below which they are drawn as their images
const SIZES = [1, 1.35, 1.75, 2.2, 2.7]; // times the usual radius, where a column says how large points are
const DIM = 0.1; // opacity of points outside of the selection, as a share
const MANY = 50_000; // points, from which on their discs are no longer blended one by one

export function paintPoints(map) {
  const context = map.canvas.getContext("2d", { alpha: false });
  const plan = planOf(map), back = rgb(themeOf(map).back);
  if (map.n < MANY || !paintWebgl(map, context, plan, back)) paintByHand(map, context, plan, back);
  map.thumbs = thumbsOf(map, plan);
  if (map.thumbs) paintThumbs(map, context);
}

function paintByHand(map, context, plan, back) {
  const { width, height } = map.canvas;
  if (map.image?.width !== width || map.image?.height !== height) map.image = context.createImageData(width, height);
  new Uint32Array(map.image.data.buffer).fill((255 << 24) | (back[2] << 16) | (back[1] << 8) | back[0]);
  if (map.n < MANY || map.sizes) paintDiscs(map, map.image, plan);
  else paintSplats(map, map.image, plan);
  context.putImageData(map.image, 0, 0);
}

// Where points stand on the canvas, and how large and strong their discs are.
function planOf(map) {
  const scale = map.scale * map.ratio, opacity = map.n > 20_000 ? 0.62 : 0.85;
  const radii = SIZES.slice(0, map.sizes ? SIZES.length : 1).map((times) => Math.round(8 * radiusOf(map) * times) / 8);
  return {
    layers: layersOf(map),
    radii,
    strengths: { [FAINT]: opacity * DIM, [STRONG]: opacity },
    reach: Math.ceil(radii.at(-1)) + 1, // points nearer to the edge are left out
    scale,
    left: (map.width / 2) * map.ratio - map.view.x * scale,
    top: (map.height / 2) * map.ratio + map.view.y * scale,
  };
}

// The points that are seen, where they are so few and so near that their images have room; else null.
function thumbsOf(map, { layers, left, top, scale, reach }) {
  if (!map.file.atlas || map.view.zoom <= 1.5) return null;
  const { xy } = map, { width, height } = map.canvas, found = [];
  for (let i = 0; i < map.n; i++) {
    const px = (left + xy[2 * i] * scale + 0.5) | 0, py = (top - xy[2 * i + 1] * scale + 0.5) | 0;
    if (px < reach || py < reach || px >= width - reach || py >= height - reach || layers[i] === HIDDEN) continue;
    if (found.push(i) > THUMBS_BELOW) return null;
  }
  return found;
}

function paintThumbs(map, context) {
  const size = clamp(0.5 * Math.sqrt((map.width * map.height) / (map.thumbs.length + 8)), 18, 64) * map.ratio;
  const layers = layersOf(map);
  context.imageSmoothingEnabled = map.file.atlas.cell >= 48;
  for (const i of map.thumbs) {
    const cell = thumbnail(map, i);
    if (!cell.page.complete || !cell.page.naturalWidth) continue;
    const [x, y] = map.toScreen(map.xy[2 * i], map.xy[2 * i + 1]).map((v) => v * map.ratio);
    context.globalAlpha = layers[i] === STRONG ? 1 : 0.25;
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
