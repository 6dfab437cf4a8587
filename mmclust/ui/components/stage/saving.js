// The stage as one picture: head, map, curves and rows as they are seen, at twice their size.

import { themeOf } from "../pointmap/look.js";
import { sheetOf } from "./fetching.js";
import { figuresOf } from "./head.js";

const SCALE = 2;
const GAP = 2; // pixels between samples, as in the style sheet

export function savePicture(stage) {
  if (!stage.moments) return;
  stage.map.paint();
  pictureOf(stage).toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${stage.data.run}-epoch-${stage.moment.epoch}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });
}

function pictureOf(stage) {
  const { root } = stage, whole = root.getBoundingClientRect(), theme = themeOf({ root });
  const canvas = document.createElement("canvas");
  canvas.width = whole.width * SCALE;
  canvas.height = whole.height * SCALE;
  const context = canvas.getContext("2d");
  context.scale(SCALE, SCALE);
  context.translate(-whole.left, -whole.top);
  context.fillStyle = theme.back;
  context.fillRect(whole.left, whole.top, whole.width, whole.height);
  for (const part of [stage.map.canvas, stage.map.over, stage.find("curves")]) {
    const box = part.getBoundingClientRect();
    context.drawImage(part, box.left, box.top, box.width, box.height);
  }
  paintHead(stage, context, theme);
  paintRows(stage, context, theme);
  return canvas;
}

function paintHead(stage, context, theme) {
  const box = stage.root.querySelector(".sg-head").getBoundingClientRect();
  const px = parseFloat(getComputedStyle(stage.root).fontSize);
  const { data, moment } = stage;
  const figures = figuresOf(stage).map(({ title, text }) => `${title} ${text}`);
  context.fillStyle = theme.text;
  context.textBaseline = "top";
  context.font = `600 ${1.15 * px}px ${theme.font}`;
  context.fillText([data.title, `epoch ${moment.epoch} of ${data.epochs}`, ...figures].join("   "), box.left, box.top + 0.3 * px, box.width);
}

function paintRows(stage, context, theme) {
  const within = stage.find("rows").getBoundingClientRect(), sheet = sheetOf(stage.moment);
  const px = parseFloat(getComputedStyle(stage.root).fontSize);
  context.save();
  context.beginPath();
  context.rect(within.left, within.top, within.width, within.height);
  context.clip();
  context.textBaseline = "middle";
  [...stage.find("rows").children].forEach((place, i) => {
    const [name, size, shown] = [...place.children].map((part) => part.getBoundingClientRect());
    const middle = (shown.top + shown.bottom) / 2, row = stage.moment.rows[i];
    context.fillStyle = row.color;
    context.fillRect(name.left, middle - 0.35 * px, 0.7 * px, 0.7 * px);
    context.fillStyle = theme.text;
    context.font = `${px}px ${theme.font}`;
    context.textAlign = "left";
    context.fillText(place.children[0].textContent, name.left + 1.1 * px, middle, name.width - 1.1 * px);
    context.textAlign = "right";
    context.fillText(place.children[1].textContent, size.right - 0.3 * px, middle);
    context.textAlign = "left";
    if (row.captions) return context.fillText(place.children[2].textContent, shown.left, middle, shown.width);
    const { cell } = stage.moment.sheet, n = Math.min(row.samples.length, Math.floor(shown.width / shown.height));
    if (sheet?.complete && n) {
      context.imageSmoothingEnabled = cell >= 48;
      const edge = shown.height;
      for (let j = 0; j < n; j++) context.drawImage(sheet, j * cell, i * cell, cell, cell, shown.left + j * edge, shown.top, edge - GAP, edge);
    }
  });
  context.restore();
}
