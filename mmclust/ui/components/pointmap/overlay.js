// The upper canvas: names, marks, rings, trails, lines of density and what is being drawn.

import { contours } from "./contours.js";
import { outline } from "./geometry.js";
import { paintLabels, paintText } from "./labels.js";
import { colorOf, radiusOf, themeOf } from "./look.js";
import { firstPointOf } from "./positions.js";

const TRAILS_BELOW = 300; // selected points, below which their way through time is drawn

export function paintOverlay(map) {
  const context = map.over.getContext("2d");
  const theme = themeOf(map);
  context.setTransform(map.ratio, 0, 0, map.ratio, 0, 0);
  context.clearRect(0, 0, map.width, map.height);
  if (map.show.contours) paintContours(map, context, theme);
  if (map.file.frames.length > 1 && map.count && map.count <= TRAILS_BELOW) paintTrails(map, context);
  for (const mark of map.file.marks) paintMark(map, context, theme, mark);
  if (map.show.labels && !map.thumbs) paintLabels(map, context, theme);
  const anchor = map.anchor < 0 ? -1 : firstPointOf(map, map.anchor);
  if (anchor >= 0) paintRing(map, context, theme.accent, anchor, 8);
  if (map.hover >= 0) paintRing(map, context, theme.text, map.hover, 4);
  if (map.drag?.path) paintDrag(map, context, theme);
}

function paintDrag(map, context, theme) {
  context.lineWidth = 1.5;
  context.strokeStyle = theme.accent;
  context.fillStyle = theme.accent;
  context.beginPath();
  outline(map.drag, map.tool).forEach(([x, y], k) => (k ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.closePath();
  context.globalAlpha = 0.12;
  context.fill();
  context.globalAlpha = 1;
  context.stroke();
}

function paintRing(map, context, color, i, gap) {
  const [x, y] = map.toScreen(map.xy[2 * i], map.xy[2 * i + 1]);
  context.lineWidth = 2;
  context.strokeStyle = color;
  context.beginPath();
  context.arc(x, y, radiusOf(map) / map.ratio + gap, 0, 2 * Math.PI);
  context.stroke();
}

function paintMark(map, context, theme, mark) {
  const [x, y] = map.toScreen(mark.x, mark.y);
  if (mark.text) return paintText(map, context, theme, mark.text, x, y);
  context.beginPath();
  for (let k = 0; k < 10; k++) {
    const r = k % 2 ? 4 : 9, angle = (Math.PI * k) / 5 - Math.PI / 2;
    context.lineTo(x + r * Math.cos(angle), y + r * Math.sin(angle));
  }
  context.closePath();
  context.fillStyle = mark.color;
  context.strokeStyle = theme.back;
  context.lineWidth = 3;
  context.stroke();
  context.fill();
  context.strokeStyle = theme.text;
  context.lineWidth = 1;
  context.stroke();
}

function paintTrails(map, context) {
  const { frames, arrays } = map.file;
  context.lineWidth = 1;
  for (let i = 0; i < map.n; i++) {
    if (!map.selected[i]) continue;
    context.strokeStyle = `rgba(${colorOf(map, i).join(",")},0.35)`;
    context.beginPath();
    for (let f = 0; f <= map.time; f++) {
      const xy = arrays[frames[f].xy];
      context.lineTo(...map.toScreen(xy[2 * i] / 65535, xy[2 * i + 1] / 65535));
    }
    context.lineTo(...map.toScreen(map.xy[2 * i], map.xy[2 * i + 1]));
    context.stroke();
  }
}

function paintContours(map, context, theme) {
  map.contourLines ??= contours(map.xy, map.n);
  context.strokeStyle = theme.text;
  context.lineWidth = 1;
  for (const { level, lines } of map.contourLines) {
    context.globalAlpha = 0.15 + 0.12 * level;
    context.beginPath();
    for (const [x0, y0, x1, y1] of lines) {
      context.moveTo(...map.toScreen(x0, y0));
      context.lineTo(...map.toScreen(x1, y1));
    }
    context.stroke();
  }
  context.globalAlpha = 1;
}
