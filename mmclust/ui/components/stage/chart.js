// The curves: scores on one axis from 0 to 100 %, each loss term in a small chart of its own, under the same play head.

import { themeOf } from "../pointmap/look.js";
import { markColor } from "./clock.js";
import { percent, valueAt } from "./head.js";

const MOST_LOSSES = 8;
// Heights in the size of the text: of a line of names, of a chart of one loss, of the scores' plot at least, and of what is around it.
const NAMES = 1.3, LOSS = 4.6, PLOT = 5, AROUND = 2.7;
const WIDEST_VALUE = "-0.0000";

export class Chart {
  constructor(canvas, root) {
    Object.assign(this, { canvas, root, epoch: 0, moment: 0 });
    this.ground = document.createElement("canvas");
    this.watch = new ResizeObserver(() => this.resize());
    this.watch.observe(canvas.parentElement);
  }

  destroy() {
    this.watch.disconnect();
  }

  open(data, span) {
    this.data = data;
    this.span = span;
    this.scores = data.curves.filter((curve) => curve.group === "score");
    this.losses = data.curves.filter((curve) => curve.group === "loss").slice(0, MOST_LOSSES);
    this.canvas.setAttribute("aria-label", `Curves over ${data.epochs} epochs: ${data.curves.map((c) => c.title).join(", ")}`);
    this.resize();
  }

  // Colours and sizes are read here and not while time runs, where that would lay the page out twice a frame.
  resize() {
    this.theme = themeOf({ root: this.root });
    this.px = Math.max(12, parseFloat(getComputedStyle(this.root).fontSize));
    this.stale = true;
    if (this.data && this.canvas.clientWidth) this.root.style.setProperty("--chart", `${neededHeight(this, this.canvas.clientWidth).toFixed(2)}em`);
    this.draw();
  }

  moveTo(epoch, moment) {
    this.epoch = epoch;
    if (moment !== this.moment) this.stale = true; // the values beside the names change
    this.moment = moment;
    this.draw();
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!this.data || !width) return;
    this.ratio = Math.min(2, window.devicePixelRatio || 1);
    if (this.stale) this.paintGround(width, height);
    const context = this.canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.drawImage(this.ground, 0, 0);
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    for (const panel of this.panels) this.paintCursor(context, panel);
  }

  // Everything but the cursor, painted again only when something else has changed.
  paintGround(width, height) {
    this.stale = false;
    for (const canvas of [this.canvas, this.ground]) {
      canvas.width = Math.round(width * this.ratio);
      canvas.height = Math.round(height * this.ratio);
    }
    this.panels = panelsOf(this, width, height);
    const context = this.ground.getContext("2d");
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    for (const panel of this.panels) this.paintPanel(context, panel);
  }

  x(panel, epoch) {
    const [from, to] = this.span;
    return panel.left + ((epoch - from) / (to - from)) * panel.width;
  }

  y(panel, value) {
    return panel.bottom - ((value - panel.low) / (panel.high - panel.low)) * panel.height;
  }

  paintPanel(context, panel) {
    const { theme, px } = this;
    context.font = `${px}px ${theme.font}`;
    context.lineWidth = 1;
    context.strokeStyle = theme.text;
    context.globalAlpha = 0.16;
    for (const level of panel.levels) line(context, panel.left, this.y(panel, level), panel.left + panel.width, this.y(panel, level));
    line(context, panel.left, panel.bottom, panel.left + panel.width, panel.bottom);
    context.globalAlpha = 1;
    for (const mark of this.data.marks) {
      context.strokeStyle = markColor(mark);
      context.globalAlpha = 0.55;
      context.setLineDash([2, 3]);
      line(context, this.x(panel, mark.epoch), panel.bottom - panel.height, this.x(panel, mark.epoch), panel.bottom);
    }
    context.globalAlpha = 1;
    for (const curve of panel.curves) this.paintCurve(context, panel, curve);
    context.setLineDash([]);
    this.paintTexts(context, panel);
  }

  paintCurve(context, panel, curve) {
    context.strokeStyle = curve.color;
    context.lineWidth = this.px / 7;
    context.setLineDash(curve.dashed ? [5, 4] : []);
    context.beginPath();
    curve.epoch.forEach((epoch, i) => context.lineTo(this.x(panel, epoch), this.y(panel, curve.value[i])));
    context.stroke();
  }

  // Names with their values at the moment; for scores also the axes.
  paintTexts(context, panel) {
    const { theme, px } = this;
    context.textBaseline = "alphabetic";
    context.textAlign = "left";
    let x = panel.first, y = panel.bottom - panel.height - (panel.axis ? 0.9 : 0.5) * px - (panel.lines - 1) * NAMES * px;
    for (const curve of panel.curves) {
      const value = valueAt(curve, this.moment), room = panel.end - panel.first - 1.1 * px;
      const text = panel.axis ? `${curve.title} ${percent(value)}` : fitted(context, curve.title, room), wide = context.measureText(text).width + 2.2 * px;
      if (x + wide > panel.end && x > panel.first) [x, y] = [panel.first, y + NAMES * px];
      context.fillStyle = curve.color;
      context.fillRect(x, y - 0.36 * px, 0.8 * px, 0.25 * px);
      context.fillStyle = theme.text;
      context.fillText(text, x + 1.1 * px, y);
      x += wide;
      if (!panel.axis) context.fillText(short(value), panel.first, panel.bottom - 0.5 * panel.height + 0.35 * px);
    }
    if (!panel.axis) return;
    context.textAlign = "right";
    for (const level of panel.levels) context.fillText(`${100 * level}%`, panel.left - 0.4 * px, this.y(panel, level) + 0.35 * px);
    context.textAlign = "center";
    const [from, to] = this.span;
    for (const tick of ticks(from, to)) {
      const at = this.x(panel, tick);
      if (at < panel.end - 1.5 * px) context.fillText(`${tick}`, at, panel.bottom + 1.15 * px);
    }
  }

  paintCursor(context, panel) {
    const x = this.x(panel, this.epoch);
    context.strokeStyle = this.theme.text;
    context.lineWidth = 1.5;
    line(context, x, panel.bottom - panel.height, x, panel.bottom);
    for (const curve of panel.curves) {
      const value = valueAt(curve, this.epoch);
      if (value === undefined) continue;
      context.fillStyle = curve.color;
      context.beginPath();
      context.arc(x, this.y(panel, value), this.px / 4, 0, 2 * Math.PI);
      context.fill();
    }
  }
}

const short = (value) => (value === undefined ? "–" : Math.abs(value) >= 1e4 || (value && Math.abs(value) < 1e-3) ? value.toExponential(1) : `${Number(value.toPrecision(3))}`);

// A name, cut in its middle to a width: names of the same beginning differ at their end.
function fitted(context, text, width) {
  let name = text;
  for (let kept = text.length - 1; kept > 1 && context.measureText(name).width > width; kept--) {
    const head = Math.ceil(0.55 * kept);
    name = `${text.slice(0, head).trimEnd()}…${text.slice(head - kept).trimStart()}`;
  }
  return name;
}

function line(context, x0, y0, x1, y1) {
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
}

function ticks(from, to) {
  const rough = (to - from) / 5, step = 10 ** Math.floor(Math.log10(rough));
  const wide = [1, 2, 5, 10].map((k) => k * step).find((k) => k >= rough);
  return Array.from({ length: Math.floor((to - from) / wide + 1e-9) + 1 }, (_, i) => Number((from + i * wide).toPrecision(6)));
}

// Charts of losses side by side: two lines at most, in which longer names are cut.
function columnsOf(chart, width) {
  const { losses, px } = chart;
  const widest = Math.max(8 * px, ...losses.map((curve) => nameWidth(chart, curve.title)));
  return Math.max(1, Math.ceil(losses.length / 2), Math.min(losses.length, Math.floor(width / widest)));
}

// Of the whole drawing, in the size of the text, for all of it to be legible.
function neededHeight(chart, width) {
  const { scores, losses } = chart, lines = Math.ceil(losses.length / columnsOf(chart, width));
  return lines * LOSS + (scores.length ? PLOT + AROUND + NAMES * linesOfNames(chart, scores, width) : 0);
}

// Where each chart stands: the scores above, the loss terms side by side below.
function panelsOf(chart, width, height) {
  const { scores, losses, px } = chart, found = [];
  const columns = columnsOf(chart, width), lines = Math.ceil(losses.length / columns);
  const below = Math.min(0.5 * height, lines * LOSS * px), above = height - below;
  if (scores.length) {
    const left = 3.2 * px, named = linesOfNames(chart, scores, width);
    const box = { left, width: width - left - 0.8 * px, bottom: above - 1.9 * px, end: width, first: 0 };
    found.push({ ...box, height: box.bottom - (0.8 + NAMES * named) * px, lines: named, low: 0, high: 1, levels: [0, 0.5, 1], axis: true, curves: scores });
  }
  const room = (scores.length ? below : height) / Math.max(1, lines), wide = width / columns, value = nameWidth(chart, WIDEST_VALUE) - 1.6 * px;
  losses.forEach((curve, i) => {
    const left = (i % columns) * wide, bottom = (scores.length ? above : 0) + (Math.floor(i / columns) + 1) * room - 0.4 * px;
    const values = curve.value.filter(Number.isFinite), low = Math.min(...values), high = Math.max(...values);
    const spread = high - low || Math.abs(high) || 1;
    const box = { left: left + 2 + value, width: wide - 1.2 * px - value, bottom, end: left + wide - 0.4 * px, first: left + 2 };
    found.push({ ...box, height: room - 2.3 * px, lines: 1, low: low - 0.06 * spread, high: high + 0.06 * spread, levels: [], axis: false, curves: [curve] });
  });
  return found;
}

function nameWidth(chart, text) {
  const context = chart.ground.getContext("2d");
  context.font = `${chart.px}px ${chart.theme.font}`;
  return context.measureText(text).width + 2.2 * chart.px;
}

function linesOfNames(chart, curves, width) {
  let lines = 1, x = 0;
  for (const curve of curves) {
    const wide = nameWidth(chart, `${curve.title} 100.0%`);
    if (x + wide > width && x) [lines, x] = [lines + 1, 0];
    x += wide;
  }
  return lines;
}
