// Very many points: their colours are summed up by pixel first, and each pixel is spread over the disc of a point after.
//
// n equal layers of opacity a cover 1 - (1 - a)^n of what is below, so -ln(1 - a) can be summed up where discs overlap.
// A pixel so has the cover that discs blended one after the other give it, and the mean of their colours where those show
// the last ones drawn; the work for a point does not depend on the size of its disc.

import { pixelsOf } from "./discs.js";
import { HIDDEN, STRONG, layersIn } from "./layers.js";

const EMPTY = new Float32Array(0);
let sums = [EMPTY, EMPTY], spread = EMPTY; // red, green, blue and weight of each pixel, the sums by layer

// Blend the discs of a plan, all of one size, into an image.
export function paintSplats(map, image, plan) {
  const n = 4 * image.width * image.height, layers = layersIn(map);
  if (spread.length !== n) [sums, spread] = [[new Float32Array(n), new Float32Array(n)], new Float32Array(n)];
  for (const layer of layers) sums[layer === STRONG ? 1 : 0].fill(0);
  addUp(map, image, plan);
  for (const layer of layers) {
    spread.fill(0);
    spreadOut(image, plan, layer);
    blend(image.data);
  }
}

function addUp({ n, xy, values, palette }, { width, height }, { layers, left, top, scale, reach }) {
  const right = width - reach, bottom = height - reach, [faint, strong] = sums;
  for (let i = 0; i < n; i++) {
    const layer = layers[i];
    if (layer === HIDDEN) continue;
    const px = (left + xy[2 * i] * scale + 0.5) | 0, py = (top - xy[2 * i + 1] * scale + 0.5) | 0;
    if (px < reach || py < reach || px >= right || py >= bottom) continue;
    const at = (py * width + px) << 2, color = values[i] << 2, into = layer === STRONG ? strong : faint;
    into[at] += palette[color];
    into[at + 1] += palette[color + 1];
    into[at + 2] += palette[color + 2];
    into[at + 3] += 1;
  }
}

function spreadOut({ width, height }, { radii, strengths, reach }, layer) {
  const { steps, shares } = pixelsOf(radii[0], width), summed = sums[layer === STRONG ? 1 : 0];
  const weights = shares.map((share) => -Math.log(1 - strengths[layer] * share));
  for (let at = 4 * reach * width, end = 4 * (height - reach) * width; at < end; at += 4) {
    if (!summed[at + 3]) continue;
    const r = summed[at], g = summed[at + 1], b = summed[at + 2], w = summed[at + 3];
    for (let k = 0; k < steps.length; k++) {
      const p = at + steps[k], weight = weights[k];
      spread[p] += weight * r;
      spread[p + 1] += weight * g;
      spread[p + 2] += weight * b;
      spread[p + 3] += weight * w;
    }
  }
}

function blend(pixels) {
  for (let p = 0; p < pixels.length; p += 4) {
    const weight = spread[p + 3];
    if (!weight) continue;
    const below = Math.exp(-weight), of_sum = (1 - below) / weight;
    pixels[p] = pixels[p] * below + spread[p] * of_sum;
    pixels[p + 1] = pixels[p + 1] * below + spread[p + 1] * of_sum;
    pixels[p + 2] = pixels[p + 2] * below + spread[p + 2] * of_sum;
  }
}
