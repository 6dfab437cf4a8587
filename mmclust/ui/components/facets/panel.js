// The panel: which charts stand there, what is searched for, what the maps of the group are coloured and sized by.

import { Bars } from "./bars.js";
import { column } from "./columns.js";
import { Filter } from "./filter.js";
import { Histogram } from "./histogram.js";
import { matching } from "./search.js";
import { themeOf } from "../pointmap/look.js";
import { unpacked } from "../pointmap/selection.js";
import { shared } from "../pointmap/shared.js";

const SEARCH = "?search"; // as a filter
const TYPING_MS = 80;
const RESTING_MS = 700; // after the last letter, until the address says what is searched for
const EMPTY = { charts: [], color: "", size: "", search: "" };

export class Panel {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector(`[data-fc="${name}"]`);
    this.cards = new Map(); // key -> chart
    this.find("search").oninput = () => this.type();
    this.find("search").onkeydown = (event) => void (event.key === "Enter" && this.select());
    this.find("color").onchange = (event) => this.setColor(event.target.value, true);
    this.find("size").onchange = (event) => this.setSize(event.target.value, true);
    this.find("add").onchange = (event) => this.add(event.target.value);
    this.find("select").onclick = () => this.select();
    this.find("reset").onclick = () => this.reset();
    this.watch = new ResizeObserver(() => this.paint());
    this.watch.observe(this.find("charts"));
  }

  destroy() {
    this.watch.disconnect();
    clearTimeout(this.typing);
    clearTimeout(this.telling);
  }

  update(data, send) {
    const other = data.about !== this.about;
    Object.assign(this, { send, group: data.group, n: data.n, about: data.about, catalogue: data.catalogue, word: data.word });
    if (other) this.open(data.layout ?? EMPTY, data.there);
    for (const label of this.root.querySelectorAll('[data-fc="of-map"]')) label.hidden = !data.map;
  }

  aboutOf(key) {
    return this.catalogue.find((one) => one.key === key);
  }

  // Show another run or epoch: a filter is of its samples.
  async open(layout, there) {
    // one byte for each sample id: whether the run has it at this epoch
    this.there = there ? unpacked(there, this.n) : new Uint8Array(this.n).fill(1);
    this.total = 0;
    for (let id = 0; id < this.n; id++) this.total += this.there[id];
    this.filter = new Filter(this.n);
    shared.filters.set(this.group, this.filter);
    this.cards.clear();
    this.find("charts").replaceChildren();
    this.showChoices();
    this.find("search").value = layout.search;
    await Promise.all(layout.charts.map(([key, ...state]) => this.card(key, state)));
    for (const [key] of layout.charts) if (this.cards.has(key)) this.find("charts").append(this.cards.get(key).card);
    await Promise.all([this.setColor(layout.color, false), this.setSize(layout.size, false)]);
    if (layout.search) await this.search();
    this.changed();
  }

  showChoices() {
    const choices = (kept, first) =>
      [`<option value="">${first}</option>`, ...["run", "data"].map((source) => {
        const options = this.catalogue.filter((one) => one.source === source && kept(one))
          .map((one) => new Option(one.title, one.key).outerHTML);
        return options.length ? `<optgroup label="${source === "run" ? "of the run" : "of the data"}">${options.join("")}</optgroup>` : "";
      })].join("");
    this.find("color").innerHTML = choices(() => true, "as chosen above");
    this.find("size").innerHTML = choices((one) => one.kind === "number" || one.kind === "date", "all alike");
    this.find("add").innerHTML = choices(() => true, "add …");
  }

  async load(key) {
    const about = this.aboutOf(key);
    if (!about) return null;
    if (about.cost !== "ready") this.note(`Working out ${about.title} …`);
    try {
      const found = await column(about);
      this.note("");
      return found;
    } catch {
      this.note(`${about.title} could not be loaded. Reload the page.`);
      return null;
    }
  }

  note(text) {
    this.find("note").textContent = text;
    this.find("note").hidden = !text;
  }

  // A chart of a column; its filter as the address says.
  async card(key, state) {
    const found = this.cards.has(key) ? null : await this.load(key);
    if (!found || this.cards.has(key)) return;
    const card = document.createElement("section");
    card.className = "fc-card";
    card.dataset.column = key;
    card.setAttribute("aria-label", found.title);
    card.append(this.head(found));
    const chart = new (found.grouped ? Bars : Histogram)(card, found, (done) => this.filtered(key, done));
    chart.all = new Filter(this.n).counts("", found.cells, found.n_cells, this.there);
    this.cards.set(key, chart);
    chart.card = card;
    if (state.length) {
      chart.restore(state);
      this.apply(key);
    }
  }

  head(about) {
    const head = document.createElement("div"), title = document.createElement("b"), away = document.createElement("button");
    head.className = "fc-head";
    title.textContent = about.title;
    title.title = about.help;
    away.type = "button";
    away.textContent = "×";
    away.title = `Remove the chart of ${about.title} and its filter`;
    away.setAttribute("aria-label", away.title);
    away.onclick = () => this.remove(about.key);
    head.append(title, away);
    return head;
  }

  async add(key) {
    this.find("add").value = "";
    if (!key || this.cards.has(key)) return;
    await this.card(key, []);
    if (!this.cards.has(key)) return;
    this.find("charts").append(this.cards.get(key).card);
    this.changed();
    this.tell();
  }

  remove(key) {
    this.cards.get(key).card.remove();
    this.cards.delete(key);
    this.filter.clear(key);
    this.changed();
    this.tell();
  }

  filtered(key, done) {
    this.apply(key);
    this.changed();
    if (done) this.tell();
  }

  apply(key) {
    const chart = this.cards.get(key), { allowed } = chart;
    if (!allowed) this.filter.clear(key);
    else if (!this.filter.set(key, chart.values, allowed)) this.note("So many filters at once are too many; remove one.");
  }

  // Paint what a changed filter changes: the charts now, the maps with the browser's next frame.
  changed() {
    this.paint();
    for (const map of shared.maps) if (map.group === this.group && map.file) map.draw();
    const passing = this.passing(), told = `${passing.toLocaleString()} of ${this.total.toLocaleString()} ${this.word}s`;
    this.find("count").textContent = told;
    this.find("select").disabled = !this.filter.active || !passing;
    this.find("reset").disabled = !this.filter.active;
  }

  passing() {
    const { blocked } = this.filter, { there } = this;
    if (!this.filter.active) return this.total;
    let passing = 0;
    for (let id = 0; id < this.n; id++) if (there[id] && !blocked[id]) passing++;
    return passing;
  }

  paint() {
    if (!this.filter) return;
    const theme = themeOf(this);
    for (const [key, chart] of this.cards) {
      const { cells, n_cells } = chart.column, { filter } = this;
      chart.paint(chart.all, filter.besides(key) ? filter.counts(key, cells, n_cells, this.there) : chart.all, theme);
    }
  }

  type() {
    clearTimeout(this.typing);
    clearTimeout(this.telling);
    this.typing = setTimeout(() => this.search().then(() => this.changed()), TYPING_MS);
    this.telling = setTimeout(() => this.tell(), RESTING_MS);
  }

  async search() {
    const letters = this.find("search").value, { filter } = this;
    if (letters && !this.catalogue.some((one) => one.searched)) this.note("This run has no texts to search; add a chart instead.");
    const inside = await matching(this.catalogue, letters, this.n);
    if (letters !== this.find("search").value || filter !== this.filter) return; // typed on meanwhile
    if (inside) filter.setSamples(SEARCH, inside);
    else filter.clear(SEARCH);
  }

  reset() {
    this.find("search").value = "";
    for (const key of this.filter.keys) if (key) this.filter.clear(key);
    for (const chart of this.cards.values()) chart.restore([]);
    this.changed();
    this.tell();
  }

  async setColor(key, chosen) {
    this.find("color").value = key;
    const found = key ? await this.load(key) : null;
    if (found) shared.columns.set(this.group, found);
    else shared.columns.delete(this.group);
    for (const map of shared.maps) if (map.group === this.group && map.file) map.colorByColumn(found);
    this.color = found ? key : "";
    if (chosen) this.tell();
  }

  async setSize(key, chosen) {
    this.find("size").value = key;
    const found = key ? await this.load(key) : null;
    if (found) shared.sizes.set(this.group, found);
    else shared.sizes.delete(this.group);
    for (const map of shared.maps) if (map.group === this.group && map.file) map.sizeByColumn(found);
    this.size = found ? key : "";
    if (chosen) this.tell();
  }

  // Let the server keep what stands here, for the address and for the run.
  tell() {
    const shown = [...this.find("charts").children].map((card) => card.dataset.column); // as they stand, not as they came
    if (shown.length < this.cards.size) return; // some are on their way
    const charts = shown.map((key) => [key].concat(this.cards.get(key).state));
    this.send("layout", { charts, color: this.color ?? "", size: this.size ?? "", search: this.find("search").value });
  }

  async select() {
    clearTimeout(this.typing);
    await this.search();
    this.changed();
    if (!this.filter.active || !this.passing()) return;
    const bytes = new Uint8Array((this.n + 7) >> 3), { there } = this, { blocked } = this.filter;
    for (let id = 0; id < this.n; id++) bytes[id >> 3] |= (there[id] && !blocked[id]) << (id & 7);
    let text = "";
    for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
    this.send("selected", [(this.sent = (this.sent ?? 0) + 1), this.words(), btoa(text)]);
  }

  // The filters in words, as the name of the selection.
  words() {
    const told = [...this.cards.values()].filter((chart) => chart.allowed).map((chart) =>
      `${chart.column.title} ${chart.column.grouped ? chart.state.slice(0, 3).join(" or ") : chart.ends.innerText.replace(/\s+/g, " to ")}`);
    const letters = this.find("search").value.trim();
    return [...(letters ? [`“${letters}”`] : []), ...told].join(", ").slice(0, 80);
  }
}
