// One map: what it shows, in which colours, and the canvases it is painted on.

import { showCard } from "./card.js";
import { coloringOf, placesOf, sizesOf, tableOf } from "./columns.js";
import { load } from "./files.js";
import { clamp } from "./geometry.js";
import { listenToKeys } from "./keyboard.js";
import { showLegend } from "./legend.js";
import { paletteOf, themeOf } from "./look.js";
import { paintOverlay } from "./overlay.js";
import { paintPoints } from "./painting.js";
import { runOn, showTime, timeIn } from "./playback.js";
import { listenToPointer } from "./pointer.js";
import { placePoints } from "./positions.js";
import { hold, take, unpacked } from "./selection.js";
import { shared } from "./shared.js";
import { listenToBars, showColorings } from "./toolbar.js";
import { forget } from "./webgl.js";

const MAX_ZOOM = 400;
const WHOLE = { x: 0.5, y: 0.5, zoom: 1 };
const themeKey = (map) => Object.values(themeOf(map)).join();
// columns of the run -> colourings that each moment has values of
const OVER_TIME = { cluster: "cluster", confidence: "confidence", margin: "margin", entropy: "entropy", correct: "correctness" };
const LATE_MS = 3000; // an answer of the server later than this is taken as it comes

export class PointMap {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector(`[data-pm="${name}"]`);
    this.canvas = this.find("points");
    this.over = this.find("over");
    this.view = { ...WHOLE };
    this.tool = "lasso";
    this.hidden = new Set();
    this.time = 0;
    this.show = { labels: true, contours: false };
    this.fontPx = 13;
    this.hover = this.focus = -1;
    this.watch = new ResizeObserver(() => this.resize());
    this.watch.observe(this.find("stage"));
    listenToPointer(this);
    listenToKeys(this);
    listenToBars(this);
    shared.maps.add(this);
  }

  destroy() {
    shared.maps.delete(this);
    this.watch.disconnect();
    cancelAnimationFrame(this.frame);
    cancelAnimationFrame(this.playing);
    clearTimeout(this.dwell);
    forget(this);
  }

  update(data, setTriggerValue) {
    this.send = setTriggerValue;
    this.follows = Boolean(data.follows);
    this.group = data.group;
    if (Boolean(data.small) !== this.small) this.becomes(Boolean(data.small));
    this.root.style.setProperty("--pm-height", `${data.height}px`);
    this.canvas.setAttribute("aria-label", data.alt);
    if (data.color && data.color !== this.asked) this.colorKey = this.asked = data.color;
    const anchored = this.anchor, selection = data.selection ?? "";
    this.anchor = data.anchor ?? -1;
    if (data.url !== this.url) this.fetch(data.url, selection);
    else if (this.file) {
      // an answer to an older selection than the last one sent would take that one back
      const late = data.answered < shared.told && performance.now() - shared.toldAt < LATE_MS;
      if (selection !== this.sent && !late) take(this, unpacked(selection, this.n), selection);
      // an answer to what is lit already changes no point, and a million would be painted again
      if (this.anchor !== anchored) this.drawOver();
      requestAnimationFrame(() => this.follow());
    }
  }

  // Paint in the colours of the page, where these have changed.
  follow() {
    if (this.themed && this.themed !== themeKey(this)) this.draw();
  }

  async fetch(url, selection) {
    this.url = url;
    const wait = setTimeout(() => this.note("Loading the map …"), this.file ? 1000 : 0);
    try {
      const file = await load(url);
      if (url !== this.url) return;
      this.note("");
      this.open(file, selection);
    } catch (error) {
      this.note(`The map could not be loaded (${error.message}). Reload the page.`);
    } finally {
      clearTimeout(wait);
    }
  }

  // A small map stands on a page of other things: it takes no drags, and leaves the wheel to the page.
  becomes(small) {
    this.small = this.fixed = small;
    this.root.classList.toggle("pm-small", small);
    this.show.labels = !small;
    this.over.dataset.tool = small ? "none" : this.tool;
  }

  // The other maps that show the same samples.
  get peers() {
    return [...shared.maps].filter((map) => map !== this && map.group === this.group && map.file);
  }

  note(text) {
    const note = this.find("note");
    note.textContent = text;
    note.hidden = !text;
  }

  open(file, selection) {
    const other = !this.file || this.file.n !== file.n || this.file.layout !== file.layout;
    const follows = !other && this.time >= this.last;
    const time = other ? file.start : timeIn(this, file);
    this.file = file;
    this.n = file.n;
    this.time = time;
    placePoints(this);
    if (other) {
      this.hidden.clear();
      this.view = { ...(shared.remembered.get(file.layout) ?? WHOLE) };
      this.hover = this.focus = -1;
      showCard(this, -1);
    }
    this.firsts = null;
    this.rested = this.moment.epoch;
    hold(this, unpacked(selection, this.n), selection);
    this.find("time").hidden = file.frames.length < 2;
    this.find("scrub").max = this.last;
    showTime(this);
    showColorings(this);
    const column = shared.columns.get(this.group), size = shared.sizes.get(this.group);
    this.sizes = sizesOf(this, size);
    const over_time = this.overTime(column);
    if (column && !over_time) coloringOf(this, column);
    if (column) showColorings(this);
    const remembered = shared.remembered.get(this.group), before = this.colorKey ?? (this.has(remembered) ? remembered : undefined);
    this.setColoring(over_time ?? (column ? "column" : before));
    // who watches the newest frame sees the points move on to one that has come
    if (follows && !this.driven && !this.playing && this.time < this.last) runOn(this);
  }

  get last() {
    return this.file.frames.length - 1;
  }

  has(key) {
    return this.file.colorings.some((coloring) => coloring.key === key);
  }

  setColoring(key) {
    const { colorings } = this.file;
    this.coloring = colorings.find((c) => c.key === key) ?? colorings[0];
    if (this.colorKey !== this.coloring.key) this.hidden.clear();
    this.colorKey = this.coloring.key;
    for (const button of this.find("colors").children)
      button.setAttribute("aria-pressed", button.dataset.key === this.colorKey);
    this.recolor();
    showLegend(this);
    this.colored?.();
    this.draw();
  }

  recolor() {
    const { arrays } = this.file;
    // what changes over time stands in the frame, what does not with the colouring
    this.values = arrays[this.moment[this.coloring.key] ?? this.coloring.values];
    this.palette = paletteOf(this.values, tableOf(this.coloring), this.coloring.kind === "scale" ? placesOf(this.coloring) : null);
  }

  // The colouring that says what a column says, at each moment of a map over time; undefined without one.
  overTime(column) {
    const key = this.file.frames.length > 1 ? OVER_TIME[column?.key] : undefined;
    return key && this.moment[key] && this.has(key) ? key : undefined;
  }

  // Colour by a column of the run, or again by what the file offers.
  colorByColumn(column) {
    const was = this.coloring?.kind && this.file.colorings.includes(this.coloring) ? this.colorKey : undefined;
    const over_time = this.overTime(column), key = coloringOf(this, over_time ? null : column);
    showColorings(this);
    this.setColoring(over_time ?? key ?? (was && this.has(was) ? was : undefined));
  }

  sizeByColumn(column) {
    this.sizes = sizesOf(this, column);
    this.draw();
  }

  // One number for each sample id, 0 for those that pass the charts of the group; null where nothing filters.
  get blocked() {
    const filter = shared.filters.get(this.group);
    return filter?.active ? filter.blocked : null;
  }

  isShown(i) {
    return (this.coloring.kind !== "groups" || !this.hidden.has(this.values[i])) && !this.blocked?.[this.file.arrays.ids[i]];
  }

  resize() {
    const stage = this.find("stage").getBoundingClientRect();
    if (!stage.width) return;
    this.ratio = Math.min(2, window.devicePixelRatio || 1);
    this.width = stage.width;
    this.height = stage.height;
    for (const canvas of [this.canvas, this.over]) {
      canvas.width = Math.round(stage.width * this.ratio);
      canvas.height = Math.round(stage.height * this.ratio);
    }
    this.draw();
  }

  get scale() {
    return (Math.min(this.width, this.height) - (this.small ? 4 : 24)) * this.view.zoom;
  }

  toScreen(x, y) {
    return [this.width / 2 + (x - this.view.x) * this.scale, this.height / 2 - (y - this.view.y) * this.scale];
  }

  toData(px, py) {
    return [this.view.x + (px - this.width / 2) / this.scale, this.view.y - (py - this.height / 2) / this.scale];
  }

  zoomAt(px, py, factor) {
    const [x, y] = this.toData(px, py);
    this.view.zoom = clamp(this.view.zoom * factor, 0.5, MAX_ZOOM);
    const [nx, ny] = this.toData(px, py);
    this.view.x += x - nx;
    this.view.y += y - ny;
    this.draw();
  }

  // Paint both canvases when the browser draws its next frame.
  draw() {
    if (!this.file || !this.width || this.frame) return;
    this.frame = requestAnimationFrame(() => this.paint());
  }

  paint() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    paintPoints(this);
    paintOverlay(this);
    this.painted = this.file;
    this.themed = themeKey(this);
    shared.remembered.set(this.file.layout, this.view);
  }

  drawOver() {
    paintOverlay(this);
  }

  fit() {
    this.view = { ...WHOLE };
    this.draw();
  }
}
