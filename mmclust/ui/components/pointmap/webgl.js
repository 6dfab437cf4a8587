// Very many points on a graphics processor: one WebGL2 context for all maps, whose picture is copied to their canvases.
//
// Browsers allow few contexts, and copying keeps thumbnails, saved pictures and the canvas of a map as they are. Where the
// browser would render by the processor alone there is no context: summing up by pixel is faster there.

import { layersIn } from "./layers.js";
import { shared } from "./shared.js";

const VERTICES = `#version 300 es
layout(location = 0) in vec2 from;
layout(location = 1) in vec2 to;
layout(location = 2) in uint value;
layout(location = 3) in uint layer;
layout(location = 4) in uint size;
uniform float share, scale, reach, radii[5];
uniform vec2 origin, screen;
uniform uint drawn;
uniform sampler2D palette;
flat out vec3 color;
flat out float radius, side;
void main() {
  vec2 xy = mix(from, to, share);
  vec2 at = floor(origin + vec2(xy.x, -xy.y) * scale + 0.5); // whole pixels, as on the canvas
  bool inside = layer == drawn && all(greaterThanEqual(at, vec2(reach))) && all(lessThan(at, screen - reach));
  radius = radii[size];
  side = 2.0 * ceil(radius) + 1.0;
  color = texelFetch(palette, ivec2(value & 255u, value >> 8u), 0).rgb;
  vec2 place = (at + 0.5) / screen * 2.0 - 1.0;
  gl_Position = inside ? vec4(place.x, -place.y, 0.0, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
  gl_PointSize = side;
}`;
const FRAGMENTS = `#version 300 es
precision highp float;
flat in vec3 color;
flat in float radius, side;
uniform float strength;
out vec4 painted;
void main() {
  float cover = clamp(radius + 0.5 - length((gl_PointCoord - 0.5) * side), 0.0, 1.0);
  if (cover <= 0.0) discard;
  painted = vec4(color, cover * strength);
}`;
const BY_PROCESSOR = /swiftshader|llvmpipe|softpipe|software|basic render/i;
const UNIFORMS = ["share", "scale", "reach", "radii", "origin", "screen", "drawn", "palette", "strength"];

// Paint the discs of a plan onto a canvas; false where that has to be done without a graphics processor.
export function paintWebgl(map, context, plan, back) {
  const drawing = drawingOf();
  if (!drawing) return false;
  const { gl, at, canvas } = drawing, { width, height } = context.canvas;
  if (canvas.width < width) canvas.width = width;
  if (canvas.height < height) canvas.height = height;
  gl.viewport(0, 0, width, height);
  gl.clearColor(...back.map((part) => part / 255), 1);
  gl.clear(gl.COLOR_BUFFER_BIT);
  bind(gl, map, plan);
  gl.uniform1f(at.share, map.time - Math.floor(map.time));
  gl.uniform1f(at.scale, plan.scale);
  gl.uniform1f(at.reach, plan.reach);
  gl.uniform1fv(at.radii, Float32Array.from({ length: 5 }, (_, k) => plan.radii[k] ?? plan.radii[0]));
  gl.uniform2f(at.origin, plan.left, plan.top);
  gl.uniform2f(at.screen, width, height);
  gl.uniform1i(at.palette, 0);
  for (const layer of layersIn(map)) {
    gl.uniform1ui(at.drawn, layer);
    gl.uniform1f(at.strength, plan.strengths[layer]);
    gl.drawArrays(gl.POINTS, 0, map.n);
  }
  if (gl.isContextLost()) return false;
  context.drawImage(canvas, 0, canvas.height - height, width, height, 0, 0, width, height);
  return true;
}

// The context with its program, made when first asked for; null where there is none.
function drawingOf() {
  if (shared.renderer === "canvas") return null;
  const software = shared.renderer === "webgl";
  if (shared.drawing === undefined || (software && !shared.drawing)) shared.drawing = made(software);
  return shared.drawing;
}

function made(software) {
  const canvas = document.createElement("canvas");
  const gl = canvas.getContext("webgl2", {
    alpha: false, antialias: false, depth: false, powerPreference: "high-performance", failIfMajorPerformanceCaveat: !software,
  });
  if (!gl || (!software && BY_PROCESSOR.test(rendererOf(gl)))) return null;
  canvas.addEventListener("webglcontextlost", () => {
    shared.drawing = null; // from now on without it
    for (const map of shared.maps) {
      map.buffers = null;
      map.draw();
    }
  });
  const program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTICES], [gl.FRAGMENT_SHADER, FRAGMENTS]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) return null;
  gl.useProgram(program);
  gl.enable(gl.BLEND);
  gl.blendFuncSeparate(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA, gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  return { gl, canvas, at: Object.fromEntries(UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)])) };
}

// Who renders, as far as the browser tells: not all of them call a software renderer a caveat.
function rendererOf(gl) {
  const told = gl.getExtension("WEBGL_debug_renderer_info");
  return String(gl.getParameter(told ? told.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
}

// Bind what is drawn; only what has changed since the last time is sent.
function bind(gl, map, plan) {
  const { frames, arrays } = map.file, low = Math.floor(map.time), high = Math.min(low + 1, frames.length - 1);
  if (map.buffers?.gl !== gl) map.buffers = { gl, sent: new Map(), array: gl.createVertexArray(), palette: gl.createTexture() };
  gl.bindVertexArray(map.buffers.array);
  sendPositions(gl, map.buffers, 0, arrays[frames[low].xy]);
  sendPositions(gl, map.buffers, 1, arrays[frames[high].xy]);
  sendNumbers(gl, map.buffers, 2, map.values, map.values);
  sendNumbers(gl, map.buffers, 3, plan.layers, map.layers.number);
  if (map.sizes) sendNumbers(gl, map.buffers, 4, map.sizes, map.sizes);
  else {
    gl.disableVertexAttribArray(4);
    gl.vertexAttribI4ui(4, 0, 0, 0, 0);
  }
  gl.activeTexture(gl.TEXTURE0);
  gl.bindTexture(gl.TEXTURE_2D, map.buffers.palette);
  if (map.buffers.sent.get("palette") === map.palette) return;
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, 256, map.palette.length / 1024, 0, gl.RGBA, gl.UNSIGNED_BYTE, map.palette);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  map.buffers.sent.set("palette", map.palette);
}

function sendPositions(gl, buffers, place, xy) {
  if (!send(gl, buffers, place, xy, xy)) return;
  gl.vertexAttribPointer(place, 2, gl.UNSIGNED_SHORT, true, 0, 0);
}

function sendNumbers(gl, buffers, place, numbers, version) {
  if (!send(gl, buffers, place, numbers, version)) return;
  gl.vertexAttribIPointer(place, 1, numbers.BYTES_PER_ELEMENT === 1 ? gl.UNSIGNED_BYTE : gl.UNSIGNED_SHORT, 0, 0);
}

// Send an array to the buffer of an attribute; false where it has it.
function send(gl, { sent }, place, array, version) {
  gl.enableVertexAttribArray(place);
  if (sent.get(place)?.version === version) return false;
  const buffer = sent.get(place)?.buffer ?? gl.createBuffer();
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
  gl.bufferData(gl.ARRAY_BUFFER, array, gl.DYNAMIC_DRAW);
  sent.set(place, { version, buffer });
  return true;
}

// Let go of what the graphics processor holds of a map.
export function forget(map) {
  if (!map.buffers) return;
  const { gl, sent, array, palette } = map.buffers;
  for (const one of sent.values()) if (one.buffer) gl.deleteBuffer(one.buffer);
  gl.deleteVertexArray(array);
  gl.deleteTexture(palette);
  map.buffers = null;
}
