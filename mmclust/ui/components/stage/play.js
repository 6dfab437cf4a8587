// One stage: what it has fetched, where its play head is, and the parts that follow it.

import { clamp } from "../pointmap/geometry.js";
import { goTo } from "../pointmap/playback.js";
import { PointMap } from "../pointmap/pointmap.js";
import { Chart } from "./chart.js";
import { listenToClock, showClock, showMarks } from "./clock.js";
import { fetchAll } from "./fetching.js";
import { showHead } from "./head.js";
import { listenToKeys } from "./keys.js";
import { fitRows, showRows } from "./rows.js";

const FRAME_MS = 500; // from one saved epoch to the next while time runs

export class Stage {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector(`[data-sg="${name}"]`);
    this.fetched = new Map();
    this.time = 0;
    this.map = new PointMap(root.querySelector(".pm"));
    Object.assign(this.map, { driven: true, fixed: true, group: "stage", send: () => {} });
    this.map.over.dataset.tool = "none";
    this.map.colored = () => this.colored();
    this.chart = new Chart(this.find("curves"), root);
    this.watch = new ResizeObserver(() => this.resize());
    for (const part of [root, this.find("rows")]) this.watch.observe(part);
    listenToClock(this);
    this.unlisten = listenToKeys(this);
  }

  destroy() {
    this.unlisten();
    this.watch.disconnect();
    this.chart.destroy();
    this.map.destroy();
    cancelAnimationFrame(this.playing);
  }

  async update(data) {
    this.data = data;
    this.root.setAttribute("aria-label", `Training of ${data.title}, played over its epochs`);
    this.map.canvas.setAttribute("aria-label", data.alt);
    const asked = [data.base, ...data.moments].join();
    if (asked !== this.asked) {
      this.asked = asked;
      try {
        const found = await fetchAll(this.fetched, data);
        if (asked !== this.asked) return;
        this.open(found);
      } catch (error) {
        this.note(`The epochs could not be loaded (${error.message}). Reload the page.`);
        return;
      }
    }
    this.chart.open(this.data, this.span);
    showMarks(this);
    this.show();
  }

  note(text) {
    this.find("note").textContent = text;
    this.find("note").hidden = !text;
  }

  // Take what was fetched: who watches the newest epoch sees the points move on to one that has come.
  open({ file, moments }) {
    const first = !this.moments, epoch = first ? 0 : this.epoch, was = this.time, last = moments.length - 1;
    const follows = !first && this.data.live && this.time >= this.moments.length - 1;
    this.moments = moments;
    this.map.open(file, "");
    this.time = first ? this.begin(last) : this.timeAt(epoch);
    if (follows && this.time < last) this.run();
    else if (this.playing && was >= last) this.pause();
    this.note("");
    goTo(this.map, this.time);
    this.resize();
  }

  begin(last) {
    if (this.data.live) return last;
    const wanted = this.moments.findIndex((moment) => moment.epoch === this.data.start);
    return wanted < 0 ? last : wanted;
  }

  get last() {
    return this.moments.length - 1;
  }

  // The saved epoch that figures, colours and pictures are of.
  get moment() {
    return this.moments[Math.round(this.time)];
  }

  get epoch() {
    return this.epochAt(this.time);
  }

  epochAt(time) {
    const low = Math.floor(time), high = Math.min(low + 1, this.last);
    const [from, to] = [this.moments[low].epoch, this.moments[high].epoch];
    return from + (time - low) * (to - from);
  }

  timeAt(epoch) {
    const next = this.moments.findIndex((moment) => moment.epoch >= epoch);
    if (next <= 0) return next < 0 ? this.last : 0;
    const [from, to] = [this.moments[next - 1].epoch, this.moments[next].epoch];
    return next - 1 + (epoch - from) / (to - from);
  }

  // First and last epoch of clock and curves: while a run trains a little more than there is, so that its first seconds
  // fill the axis and nothing jumps at every point.
  get span() {
    const { live, now, epochs } = this.data;
    const there = Math.max(now, this.moments?.at(-1).epoch ?? 0);
    if (!live) return [0, Math.max(there, 1e-6)];
    const step = 10 ** Math.floor(Math.log10(Math.max(there, 1e-6)));
    return [0, Math.max(Math.min(epochs, Math.ceil((1.15 * there) / step) * step), 1e-6)];
  }

  goTo(time) {
    this.time = clamp(time, 0, this.last);
    goTo(this.map, this.time);
    this.show();
  }

  step(by) {
    this.pause();
    this.goTo(by > 0 ? Math.floor(this.time + 1e-6) + by : Math.ceil(this.time - 1e-6) + by);
  }

  toggle() {
    if (this.playing) return this.pause();
    if (this.time >= this.last) this.goTo(0);
    this.run();
  }

  run() {
    cancelAnimationFrame(this.playing);
    const from = this.time;
    let began;
    const tick = (now) => {
      began ??= now;
      this.goTo(from + (now - began) / FRAME_MS);
      if (this.time < this.last) this.playing = requestAnimationFrame(tick);
      else this.pause();
    };
    this.playing = requestAnimationFrame(tick);
    showClock(this);
  }

  pause() {
    cancelAnimationFrame(this.playing);
    this.playing = 0;
    showClock(this);
  }

  show() {
    if (!this.moments) return;
    showClock(this);
    this.chart.moveTo(this.epoch, this.moment.epoch);
    const shown = `${this.moment.url} ${this.asked} ${this.data.figures.length} ${this.data.now}`;
    if (shown === this.shown) return;
    this.shown = shown;
    this.nameClusters();
    showHead(this);
    showRows(this);
  }

  // A cluster is matched to its class at every epoch anew: its name on the map is the one in its row.
  nameClusters() {
    const coloring = this.map.file.colorings.find(({ key }) => key === "cluster");
    for (const { cluster, name, meaning } of this.moment.rows) coloring.names[cluster] = meaning ? `${name} · ${meaning}` : name;
    this.map.draw();
  }

  colored() {
    this.root.querySelector(".sg-map").dataset.color = this.map.colorKey;
  }

  resize() {
    const px = parseFloat(getComputedStyle(this.root).fontSize);
    this.map.fontPx = Math.max(13, px);
    fitRows(this);
    this.map.draw();
  }
}
