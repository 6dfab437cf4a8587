// Points as discs, blended into the pixels by hand: tens of thousands of calls of the canvas would take longer.

import { clamp } from "./geometry.js";
import { layersIn } from "./layers.js";

// Blend the discs of a plan into an image one after the other.
export function paintDiscs(map, image, plan) {
  const { xy, values, palette, sizes } = map, { layers, radii, left, top, scale, reach } = plan;
  const { width, height } = image, pixels = image.data;
  const discs = radii.map((radius) => pixelsOf(radius, width));
  let { steps, shares } = discs[0];
  for (const layer of layersIn(map)) {
    const strength = plan.strengths[layer];
    for (let i = 0; i < map.n; i++) {
      if (layers[i] !== layer) continue;
      const px = (left + xy[2 * i] * scale + 0.5) | 0, py = (top - xy[2 * i + 1] * scale + 0.5) | 0;
      if (px < reach || py < reach || px >= width - reach || py >= height - reach) continue;
      if (sizes) ({ steps, shares } = discs[sizes[i]]);
      const color = 4 * values[i], r = palette[color], g = palette[color + 1], b = palette[color + 2], at = (py * width + px) << 2;
      for (let k = 0; k < steps.length; k++) {
        const p = at + steps[k], a = strength * shares[k];
        pixels[p] += (r - pixels[p]) * a;
        pixels[p + 1] += (g - pixels[p + 1]) * a;
        pixels[p + 2] += (b - pixels[p + 2]) * a;
      }
    }
  }
}

// Steps from the middle of a disc to its pixels in an image of that width, with the share of each that it covers.
export function pixelsOf(radius, width) {
  const mask = disc(radius), n = mask.length >> 1, steps = new Int32Array(n), shares = Float32Array.from(mask.alpha);
  for (let k = 0; k < n; k++) steps[k] = (mask[2 * k + 1] * width + mask[2 * k]) << 2;
  return { steps, shares };
}

// Pixels of a disc as pairs of offsets, with the share of each pixel that the disc covers.
const discs = new Map();
function disc(radius) {
  if (!discs.has(radius)) {
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
    discs.set(radius, offsets);
  }
  return discs.get(radius);
}
