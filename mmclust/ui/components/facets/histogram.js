// A histogram: all samples faint, those that pass the other filters strong; a drag brushes a range.

import { numberAt, shown } from "./columns.js";

const STEP = 0.02; // of an arrow key

export class Histogram {
  constructor(card, column, changed) {
    this.column = column;
    this.changed = changed;
    this.range = null;
    this.canvas = document.createElement("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "slider");
    this.canvas.title = "Drag to keep a range, click to keep all. Arrow keys move its upper end, with Shift its lower end.";
    this.ends = document.createElement("div");
    this.ends.className = "fc-ends";
    card.append(this.canvas, this.ends);
    this.listen();
  }

  get values() {
    return this.column.values;
  }

  // One byte for each step between the ends, and none; null where all are allowed.
  get allowed() {
    if (!this.range) return null;
    const { none } = this.column, bytes = new Uint8Array(none + 1), [low, high] = this.range;
    bytes.fill(1, Math.ceil(low * (none - 1)), Math.floor(high * (none - 1)) + 1);
    bytes[none] = 0;
    return bytes;
  }

  // What stands in the address: the two ends of the range.
  get state() {
    return this.range ? this.range.map((share) => Number(numberAt(this.column, share).toPrecision(8))) : [];
  }

  restore([low, high]) {
    const share = (value) => Math.min(1, Math.max(0, (value - this.column.low) / (this.column.high - this.column.low || 1)));
    this.range = typeof low === "number" && typeof high === "number" && low <= high ? [share(low), share(high)] : null;
  }

  listen() {
    const { canvas } = this;
    let start = null;
    const shareAt = (event) => {
      const box = canvas.getBoundingClientRect();
      return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    };
    canvas.addEventListener("pointerdown", (event) => {
      start = shareAt(event);
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (start === null) return;
      const now = shareAt(event);
      if (Math.abs(now - start) * canvas.clientWidth > 2) this.brush([Math.min(start, now), Math.max(start, now)], false);
    });
    canvas.addEventListener("pointerup", (event) => {
      if (start !== null) {
        const still = Math.abs(shareAt(event) - start) * canvas.clientWidth <= 2;
        this.brush(still ? null : this.range, true);
      }
      start = null;
    });
    canvas.addEventListener("pointercancel", () => (start = null));
    canvas.addEventListener("keydown", (event) => this.press(event));
  }

  press(event) {
    const way = { ArrowLeft: -STEP, ArrowDown: -STEP, ArrowRight: STEP, ArrowUp: STEP }[event.key];
    if (event.key === "Escape") this.brush(null, true);
    if (!way) return;
    event.preventDefault();
    const [low, high] = this.range ?? [0, 1];
    if (event.shiftKey) this.brush([Math.min(high, Math.max(0, low + way)), high], true);
    else this.brush([low, Math.max(low, Math.min(1, high + way))], true);
  }

  brush(range, done) {
    this.range = range;
    this.changed(done);
  }

  paint(all, passing, theme) {
    const { canvas, column } = this, ratio = Math.min(2, window.devicePixelRatio || 1);
    const width = canvas.clientWidth || 200, height = canvas.clientHeight || 74;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const context = canvas.getContext("2d"), wide = width / column.bins, most = Math.max(1, ...all.subarray(0, column.bins));
    context.scale(ratio, ratio);
    // heights by the square root: a bin of few samples beside a large one stays seen
    const draw = (counts, color, alpha) => {
      context.fillStyle = color;
      context.globalAlpha = alpha;
      for (let bin = 0; bin < column.bins; bin++) {
        const tall = Math.sqrt(counts[bin] / most) * (height - 2);
        if (counts[bin]) context.fillRect(bin * wide + 0.5, height - Math.max(1, tall), Math.max(1, wide - 1), Math.max(1, tall));
      }
    };
    draw(all, theme.text, 0.18);
    draw(passing, theme.accent, 0.85);
    if (this.range) {
      const [low, high] = this.range.map((share) => share * width);
      context.fillStyle = theme.accent;
      context.globalAlpha = 0.14;
      context.fillRect(low, 0, high - low, height);
      context.globalAlpha = 1;
      context.fillRect(low - 1, 0, 2, height);
      context.fillRect(high - 1, 0, 2, height);
    }
    const [low, high] = (this.range ?? [0, 1]).map((share) => shown(column, numberAt(column, share)));
    const without = all[column.bins] ? `<span>${all[column.bins].toLocaleString()} without</span>` : "";
    this.ends.innerHTML = `<span>${low}</span>${without}<span>${high}</span>`;
    canvas.setAttribute("aria-label", `${column.title}: ${low} to ${high}`);
    canvas.setAttribute("aria-valuetext", `${low} to ${high}`);
    canvas.setAttribute("aria-valuenow", Math.round(100 * (this.range?.[1] ?? 1)));
  }
}
