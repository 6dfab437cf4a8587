// The map: points on a canvas that one can pan, zoom, select, walk over and play through time.
//
// Streamlit calls the exported function whenever the page's data change. Positions, groups and confidences come once,
// as one binary file whose address names its content, so that the browser keeps it; colours, filters and time change here
// without asking the server. Only the selection goes back, as one bit per point. Maps of one group share selection, colours,
// filters and the sample under the pointer at once, without the server.

const PICK_PX = 14; // how near the pointer must be to a point
const DWELL_MS = 90; // how long it must rest before the card appears
const THUMBS_BELOW = 320; // visible points, below which they are drawn as their images
const DIM = 0.1; // opacity of points outside of the selection, as a share
const MAX_ZOOM = 400;
const MOST_LABELS = 40; // names on the map, those of the densest groups
const FEW = 400; // points, below which names do not stand on them
const FRAME_MS = 500; // from one epoch to the next while time runs
const TRAILS_BELOW = 300; // selected points, below which their way through time is drawn

// What all maps of this browser tab share; Streamlit may load this module once for every component on a page.
const shared = (window.mmclustMaps ??= {
  files: new Map(), // address -> promise of a decoded file; a page that is opened again finds it here
  pages: new Map(), // address -> image of an atlas page
  texts: new Map(), // address -> captions of all samples of a data set
  maps: new Set(), // what is on the page
  remembered: new Map(), // group -> colouring, layout -> view: found again when the page is opened again
  told: 0, // selections sent to the server
});
const { files, pages } = shared;

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".pm");
  if (!root.map) root.map = new PointMap(root);
  root.map.update(data, setTriggerValue);
  return () => {
    root.map?.destroy();
    root.map = null;
  };
}

function load(url) {
  if (!files.has(url)) {
    const file = fetch(url).then((answer) => {
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      return answer.arrayBuffer();
    });
    files.set(url, file.then(decode));
    files.get(url).catch(() => files.delete(url));
    if (files.size > 8) files.delete(files.keys().next().value);
  }
  return files.get(url);
}

// u32 length of a JSON header, the header, then arrays, each at an offset that the header names.
function decode(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const types = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array };
  const arrays = {};
  for (const [name, [type, offset, count]] of Object.entries(header.arrays))
    arrays[name] = new types[type](buffer, offset, count);
  return { ...header, arrays };
}

const toBase64 = (bytes) => {
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
};
const fromBase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const clamp = (x, low, high) => Math.min(high, Math.max(low, x));
const escape = (text) => text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

// "#rrggbb", "rgb(...)" or any other colour of CSS -> [r, g, b]
function rgb(text) {
  const hex = /^#([0-9a-f]{6})$/i.exec(text.trim());
  if (hex) return [0, 2, 4].map((i) => parseInt(hex[1].slice(i, i + 2), 16));
  const found = text.match(/[\d.]+/g);
  return found && found.length >= 3 ? found.slice(0, 3).map(Number) : [127, 127, 127];
}

class PointMap {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector(`[data-pm="${name}"]`);
    this.canvas = this.find("points");
    this.over = this.find("over");
    this.view = { x: 0.5, y: 0.5, zoom: 1 };
    this.tool = "lasso";
    this.hidden = new Set();
    this.time = 0;
    this.show = { labels: true, contours: false };
    this.hover = this.focus = -1;
    this.watch = new ResizeObserver(() => this.resize());
    this.watch.observe(this.find("stage"));
    this.listen();
    shared.maps.add(this);
  }

  destroy() {
    shared.maps.delete(this);
    this.watch.disconnect();
    cancelAnimationFrame(this.frame);
    cancelAnimationFrame(this.playing);
    clearTimeout(this.dwell);
  }

  update(data, setTriggerValue) {
    this.send = setTriggerValue;
    this.group = data.group;
    if (Boolean(data.small) !== this.small) this.becomes(Boolean(data.small));
    this.root.style.setProperty("--pm-height", `${data.height}px`);
    this.canvas.setAttribute("aria-label", data.alt);
    if (data.color && data.color !== this.asked) this.colorKey = this.asked = data.color;
    this.anchor = data.anchor ?? -1;
    const selection = data.selection ?? "";
    if (data.url !== this.url) {
      this.url = data.url;
      const wait = setTimeout(() => this.note("Loading the map …"), this.file ? 1000 : 0);
      load(data.url)
        .then((file) => {
          clearTimeout(wait);
          if (data.url !== this.url) return;
          this.note("");
          this.open(file, selection);
        })
        .catch((error) => {
          clearTimeout(wait);
          this.note(`The map could not be loaded (${error.message}). Reload the page.`);
        });
    } else if (this.file) {
      // an answer to an older selection than the last one sent would take that one back
      const late = data.answered < shared.told && performance.now() - shared.toldAt < 3000;
      if (selection !== this.sent && !late) this.take(this.bitsOf(selection), selection);
      this.draw();
    }
  }

  // A small map stands on a page of other things: it takes no drags, and leaves the wheel to the page.
  becomes(small) {
    this.small = small;
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
    const time = other ? file.start : this.timeIn(file);
    this.file = file;
    this.n = file.n;
    this.time = time;
    this.place();
    if (other) {
      this.hidden.clear();
      this.view = { ...(shared.remembered.get(file.layout) ?? { x: 0.5, y: 0.5, zoom: 1 }) };
      this.hover = this.focus = -1;
      this.card(-1);
    }
    this.selected = this.bitsOf(selection);
    this.sent = selection;
    this.places = null;
    this.find("time").hidden = file.frames.length < 2;
    const scrub = this.find("scrub");
    scrub.max = file.frames.length - 1;
    scrub.value = this.time;
    this.find("epoch").textContent = `epoch ${this.moment.epoch}`;
    this.find("colors").replaceChildren(
      ...file.colorings.map((coloring) => {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = coloring.title;
        button.title = coloring.help;
        button.dataset.key = coloring.key;
        button.onclick = () => {
          this.setColoring(coloring.key);
          for (const peer of this.peers) if (peer.has(coloring.key)) peer.setColoring(coloring.key);
          shared.remembered.set(this.group, coloring.key);
        };
        return button;
      }),
    );
    const remembered = shared.remembered.get(this.group);
    this.setColoring(this.colorKey ?? (this.has(remembered) ? remembered : undefined));
    // who watches the newest frame sees the points move on to one that has come
    if (follows && !this.playing && this.time < this.last) this.run();
  }

  // The moment that is shown, as the time of another file of the same map, which may hold more frames or others.
  timeIn(file) {
    const epochs = file.frames.map((frame) => frame.epoch), now = this.moment.epoch;
    if (epochs[Math.round(this.time)] === now) return Math.min(this.time, epochs.length - 1);
    return Math.max(0, epochs.findLastIndex((epoch) => epoch <= now));
  }

  get last() {
    return this.file.frames.length - 1;
  }

  has(key) {
    return this.file.colorings.some((coloring) => coloring.key === key);
  }

  // ------------------------------------------------------------------ data

  bitsOf(text) {
    const bits = new Uint8Array(this.n);
    let count = 0;
    if (text) {
      const packed = fromBase64(text);
      for (let i = 0; i < this.n; i++) count += bits[i] = (packed[i >> 3] >> (i & 7)) & 1;
    }
    this.count = count;
    return bits;
  }

  // Show what is selected, without telling anybody.
  take(bits, text) {
    this.selected = bits;
    this.count = bits.reduce((sum, bit) => sum + bit, 0);
    this.sent = text ?? (this.count ? this.packed() : "");
    this.legend();
    this.draw();
  }

  packed() {
    const packed = new Uint8Array((this.n + 7) >> 3);
    for (let i = 0; i < this.n; i++) packed[i >> 3] |= this.selected[i] << (i & 7);
    return toBase64(packed);
  }

  // Select samples here and in the maps beside, and tell the server.
  select(samples) {
    for (const map of [this, ...this.peers]) map.take(map.bitsOfSamples(samples));
    shared.told += 1;
    shared.toldAt = performance.now();
    this.send("selected", [shared.told, this.packed()]);
  }

  // One byte for every sample id up to the largest: whether a point of the sample is among the bits.
  samplesOf(bits) {
    const { ids } = this.file.arrays;
    const samples = new Uint8Array(ids.reduce((most, id) => Math.max(most, id), 0) + 1);
    for (let i = 0; i < this.n; i++) samples[ids[i]] |= bits[i];
    return samples;
  }

  bitsOfSamples(samples) {
    const { ids } = this.file.arrays, bits = new Uint8Array(this.n);
    for (let i = 0; i < this.n; i++) bits[i] = samples[ids[i]] ?? 0;
    return bits;
  }

  // The first point of a sample, -1 where it is not shown.
  placeOf(id) {
    if (!this.places) {
      this.places = new Map();
      const { ids } = this.file.arrays;
      for (let i = this.n - 1; i >= 0; i--) this.places.set(ids[i], i);
    }
    return this.places.get(id) ?? -1;
  }

  // Positions at the current time.
  place() {
    const { frames, arrays } = this.file;
    const low = Math.floor(this.time), high = Math.min(low + 1, frames.length - 1), share = this.time - low;
    const from = arrays[frames[low].xy], to = arrays[frames[high].xy];
    if (this.xy?.length !== 2 * this.n) this.xy = new Float32Array(2 * this.n);
    const { xy } = this;
    for (let i = 0; i < xy.length; i++) xy[i] = (from[i] + share * (to[i] - from[i])) / 65535;
    this.moment = frames[Math.round(this.time)];
    this.known = null;
    this.contourLines = null;
  }

  // 64 x 64 cells with their points, to find those near a place; made when first asked for, so not while time runs.
  get index() {
    if (this.known) return this.known;
    const { xy } = this;
    const starts = new Uint32Array(64 * 64 + 1), cell = new Uint16Array(this.n);
    for (let i = 0; i < this.n; i++) {
      const column = Math.min(63, Math.floor(xy[2 * i] * 64)), row = Math.min(63, Math.floor(xy[2 * i + 1] * 64));
      cell[i] = row * 64 + column;
      starts[cell[i] + 1]++;
    }
    for (let c = 0; c < 4096; c++) starts[c + 1] += starts[c];
    const next = starts.slice(0, 4096), order = new Uint32Array(this.n);
    for (let i = 0; i < this.n; i++) order[next[cell[i]]++] = i;
    return (this.known = { starts, order });
  }

  setColoring(key) {
    const { colorings } = this.file;
    this.coloring = colorings.find((c) => c.key === key) ?? colorings[0];
    if (this.colorKey !== this.coloring.key) this.hidden.clear();
    this.colorKey = this.coloring.key;
    for (const button of this.find("colors").children)
      button.setAttribute("aria-pressed", button.dataset.key === this.colorKey);
    this.recolor();
    this.legend();
    this.draw();
  }

  recolor() {
    const { arrays } = this.file;
    // what changes over time stands in the frame, what does not with the colouring
    this.values = arrays[this.moment[this.coloring.key] ?? this.coloring.values];
    this.table = new Uint8Array(this.coloring.colors.flatMap(rgb));
  }

  isShown(i) {
    return this.coloring.kind !== "groups" || !this.hidden.has(this.values[i]);
  }

  // ------------------------------------------------------------------ geometry

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

  // Calls `visit` for the points of all cells that touch a box of data coordinates.
  near(x0, y0, x1, y1, visit) {
    const { starts, order } = this.index;
    const at = (v) => clamp(Math.floor(v * 64), 0, 63);
    for (let row = at(y0); row <= at(y1); row++)
      for (let c = row * 64 + at(x0), end = row * 64 + at(x1); c <= end; c++)
        for (let k = starts[c]; k < starts[c + 1]; k++) visit(order[k]);
  }

  pick(px, py) {
    const [x, y] = this.toData(px, py), reach = PICK_PX / this.scale;
    let best = -1, least = reach * reach;
    this.near(x - reach, y - reach, x + reach, y + reach, (i) => {
      const dx = this.xy[2 * i] - x, dy = this.xy[2 * i + 1] - y, far = dx * dx + dy * dy;
      if (far < least && this.isShown(i)) [best, least] = [i, far];
    });
    return best;
  }

  // The nearest point within 45 degrees of a direction: what an arrow key walks to.
  walk(dx, dy) {
    if (this.focus < 0) {
      this.focus = this.pickNearest(this.view.x, this.view.y);
    } else {
      const x = this.xy[2 * this.focus], y = this.xy[2 * this.focus + 1];
      let best = -1, least = Infinity;
      for (let i = 0; i < this.n; i++) {
        const ex = this.xy[2 * i] - x, ey = this.xy[2 * i + 1] - y;
        const along = ex * dx + ey * dy, across = Math.abs(ex * dy - ey * dx);
        if (along > 1e-5 && across <= along && along + 2 * across < least && this.isShown(i))
          [best, least] = [i, along + 2 * across];
      }
      if (best >= 0) this.focus = best;
    }
    if (this.focus < 0) return;
    const [px, py] = this.toScreen(this.xy[2 * this.focus], this.xy[2 * this.focus + 1]);
    if (px < 20 || py < 20 || px > this.width - 20 || py > this.height - 20) {
      this.view.x = this.xy[2 * this.focus];
      this.view.y = this.xy[2 * this.focus + 1];
    }
    this.hover = this.focus;
    this.draw();
    this.card(this.focus);
  }

  pickNearest(x, y) {
    let best = -1, least = Infinity;
    for (let i = 0; i < this.n; i++) {
      const far = (this.xy[2 * i] - x) ** 2 + (this.xy[2 * i + 1] - y) ** 2;
      if (far < least && this.isShown(i)) [best, least] = [i, far];
    }
    return best;
  }

  // ------------------------------------------------------------------ drawing

  draw() {
    if (!this.file || !this.width || this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.paint();
      this.paintOver();
      shared.remembered.set(this.file.layout, this.view);
    });
  }

  theme() {
    const style = getComputedStyle(this.root);
    const get = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
    return {
      back: get("--st-background-color", "#ffffff"),
      text: get("--st-text-color", "#222222"),
      font: get("--st-font", "sans-serif"),
      accent: get("--st-primary-color", "#0b7285"),
    };
  }

  radius() {
    const usual = (this.small ? 110 : 190) / Math.sqrt(this.n + 400);
    return clamp(usual * Math.pow(this.view.zoom, 0.35), 1.1, 7) * this.ratio;
  }

  // Discs are blended into the pixels by hand: tens of thousands of calls of the canvas would take longer.
  paint() {
    const context = this.canvas.getContext("2d", { alpha: false });
    const { width, height } = this.canvas;
    if (this.image?.width !== width || this.image?.height !== height) this.image = context.createImageData(width, height);
    const pixels = this.image.data, words = new Uint32Array(pixels.buffer);
    const back = rgb(this.theme().back);
    words.fill((255 << 24) | (back[2] << 16) | (back[1] << 8) | back[0]);

    const mask = disc(this.radius());
    const opacity = this.n > 20000 ? 0.62 : 0.85, reach = Math.ceil(this.radius()) + 1;
    const scale = this.scale * this.ratio;
    const left = (this.width / 2) * this.ratio - this.view.x * scale;
    const top = (this.height / 2) * this.ratio + this.view.y * scale;
    const { xy, values, table, selected, count } = this;
    const n_colors = table.length / 3, last = n_colors - 1, scaled = this.coloring.kind === "scale";
    const visible = [], all = this.coloring.kind !== "groups" || !this.hidden.size, discPixels = mask.length >> 1;
    const steps = new Int32Array(discPixels), shares = new Float32Array(discPixels);
    for (let k = 0; k < discPixels; k++) {
      steps[k] = (mask[2 * k + 1] * width + mask[2 * k]) << 2;
      shares[k] = mask.alpha[k];
    }
    for (let pass = count ? 0 : 1; pass < 2; pass++) {
      const strength = pass ? opacity : opacity * DIM;
      for (let i = 0; i < this.n; i++) {
        if (count && selected[i] !== pass) continue;
        if (!all && this.hidden.has(values[i])) continue;
        const px = (left + xy[2 * i] * scale + 0.5) | 0, py = (top - xy[2 * i + 1] * scale + 0.5) | 0;
        if (px < reach || py < reach || px >= width - reach || py >= height - reach) continue;
        if (visible.length <= THUMBS_BELOW) visible.push(i);
        const color = 3 * (scaled ? (values[i] * last / 255 + 0.5) | 0 : values[i] % n_colors);
        const r = table[color], g = table[color + 1], b = table[color + 2], at = (py * width + px) << 2;
        for (let k = 0; k < discPixels; k++) {
          const p = at + steps[k], a = strength * shares[k];
          pixels[p] += (r - pixels[p]) * a;
          pixels[p + 1] += (g - pixels[p + 1]) * a;
          pixels[p + 2] += (b - pixels[p + 2]) * a;
        }
      }
    }
    context.putImageData(this.image, 0, 0);
    this.thumbs = this.file.atlas && visible.length <= THUMBS_BELOW && this.view.zoom > 1.5 ? visible : null;
    if (this.thumbs) this.paintThumbs(context);
  }

  paintThumbs(context) {
    const size = clamp(0.5 * Math.sqrt((this.width * this.height) / (this.thumbs.length + 8)), 18, 64) * this.ratio;
    context.imageSmoothingEnabled = this.file.atlas.cell >= 48;
    for (const i of this.thumbs) {
      const cell = this.cellOf(i);
      if (!cell.page.complete || !cell.page.naturalWidth) continue;
      const [x, y] = this.toScreen(this.xy[2 * i], this.xy[2 * i + 1]).map((v) => v * this.ratio);
      context.globalAlpha = this.count && !this.selected[i] ? 0.25 : 1;
      context.fillStyle = `rgb(${this.colorOf(i).join(",")})`;
      context.fillRect(x - size / 2 - 2, y - size / 2 - 2, size + 4, size + 4);
      context.drawImage(cell.page, cell.x, cell.y, cell.size, cell.size, x - size / 2, y - size / 2, size, size);
    }
    context.globalAlpha = 1;
  }

  colorOf(i) {
    const count = this.table.length / 3, value = this.values[i];
    const at = 3 * (this.coloring.kind === "scale" ? Math.round((value * (count - 1)) / 255) : value % count);
    return [...this.table.subarray(at, at + 3)];
  }

  // Where a sample's thumbnail stands: its atlas page (asked for now if need be) and the cell in it.
  cellOf(i) {
    const { url, cell, columns, rows } = this.file.atlas, { ids, places } = this.file.arrays;
    const nth = (places ?? ids)[i], number = Math.floor(nth / (columns * rows)), place = nth % (columns * rows);
    const address = `${url}/${number}.jpg`;
    if (!pages.has(address)) {
      const page = new Image();
      page.onload = () => this.draw();
      page.src = address;
      pages.set(address, page);
      if (pages.size > 160) pages.delete(pages.keys().next().value);
    }
    return {
      page: pages.get(address), address, size: cell,
      x: (place % columns) * cell, y: Math.floor(place / columns) * cell,
    };
  }

  paintOver() {
    const context = this.over.getContext("2d");
    const theme = this.theme();
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    if (this.show.contours) this.paintContours(context, theme);
    if (this.file.frames.length > 1 && this.count && this.count <= TRAILS_BELOW) this.paintTrails(context);
    for (const mark of this.file.marks) this.paintMark(context, theme, mark);
    if (this.show.labels && !this.thumbs) this.paintLabels(context, theme);
    if (this.anchor >= 0 && this.placeOf(this.anchor) >= 0) this.paintRing(context, theme.accent, this.placeOf(this.anchor), 8);
    if (this.hover >= 0) this.paintRing(context, theme.text, this.hover, 4);
    if (this.drag?.path) {
      context.lineWidth = 1.5;
      context.strokeStyle = theme.accent;
      context.fillStyle = theme.accent;
      context.beginPath();
      outline(this.drag, this.tool).forEach(([x, y], k) => (k ? context.lineTo(x, y) : context.moveTo(x, y)));
      context.closePath();
      context.globalAlpha = 0.12;
      context.fill();
      context.globalAlpha = 1;
      context.stroke();
    }
  }

  paintRing(context, color, i, gap) {
    const [x, y] = this.toScreen(this.xy[2 * i], this.xy[2 * i + 1]);
    context.lineWidth = 2;
    context.strokeStyle = color;
    context.beginPath();
    context.arc(x, y, this.radius() / this.ratio + gap, 0, 2 * Math.PI);
    context.stroke();
  }

  paintMark(context, theme, mark) {
    const [x, y] = this.toScreen(mark.x, mark.y);
    if (mark.text) return this.paintText(context, theme, mark.text, x, y);
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

  paintTrails(context) {
    const { frames, arrays } = this.file;
    context.lineWidth = 1;
    for (let i = 0; i < this.n; i++) {
      if (!this.selected[i]) continue;
      context.strokeStyle = `rgba(${this.colorOf(i).join(",")},0.35)`;
      context.beginPath();
      for (let f = 0; f <= this.time; f++) {
        const xy = arrays[frames[f].xy];
        context.lineTo(...this.toScreen(xy[2 * i] / 65535, xy[2 * i + 1] / 65535));
      }
      context.lineTo(...this.toScreen(this.xy[2 * i], this.xy[2 * i + 1]));
      context.stroke();
    }
  }

  paintLabels(context, theme) {
    if (this.coloring.kind !== "groups") return;
    // among few points a name stands above the one in the middle, not on it
    const above = this.n < FEW ? this.radius() / this.ratio + 9 : 0, taken = [];
    for (const { group, x, y } of this.centres()) {
      const [px, py] = this.toScreen(x, y), name = this.coloring.names[group], wide = 4 * name.length + 4;
      // the densest group comes first: a name that would cover another one is left out
      if (taken.some(([x0, y0, wide0]) => Math.abs(px - x0) < wide + wide0 && Math.abs(py - y0) < 15)) continue;
      taken.push([px, py, wide]);
      this.paintText(context, theme, name, px, py - above);
    }
  }

  // A text on a rim of the background's colour, all of it inside the map.
  paintText(context, theme, text, x, y) {
    context.font = `600 13px ${theme.font}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    const half = context.measureText(text).width / 2 + 3;
    x = clamp(x, half, Math.max(half, this.width - half));
    context.lineWidth = 4;
    context.strokeStyle = theme.back;
    context.strokeText(text, x, y);
    context.fillStyle = theme.text;
    context.fillText(text, x, y);
  }

  // The point of each group in whose cell of the index most of the group lies: inside the group, unlike its mean.
  centres() {
    const key = [this.time, this.colorKey, ...this.hidden].join();
    if (this.centred?.key === key && this.centred.file === this.file) return this.centred.found;
    const counts = new Map();
    for (let i = 0; i < this.n; i++) {
      if (!this.isShown(i)) continue;
      const column = Math.min(31, Math.floor(this.xy[2 * i] * 32)), row = Math.min(31, Math.floor(this.xy[2 * i + 1] * 32));
      const place = this.values[i] * 1024 + row * 32 + column;
      let sum = counts.get(place);
      if (!sum) counts.set(place, (sum = [0, 0, 0]));
      sum[0]++;
      sum[1] += this.xy[2 * i];
      sum[2] += this.xy[2 * i + 1];
    }
    const best = new Map();
    for (const [place, sum] of counts) {
      const group = Math.floor(place / 1024);
      if (!best.has(group) || best.get(group)[0] < sum[0]) best.set(group, sum);
    }
    const largest = [...best].sort(([, a], [, b]) => b[0] - a[0]).slice(0, MOST_LABELS);
    const found = largest.map(([group, [count, x, y]]) => ({ group, x: x / count, y: y / count }));
    this.centred = { key, file: this.file, found };
    return found;
  }

  paintContours(context, theme) {
    this.contourLines ??= contours(this.xy, this.n);
    context.strokeStyle = theme.text;
    context.lineWidth = 1;
    for (const { level, lines } of this.contourLines) {
      context.globalAlpha = 0.15 + 0.12 * level;
      context.beginPath();
      for (const [x0, y0, x1, y1] of lines) {
        context.moveTo(...this.toScreen(x0, y0));
        context.lineTo(...this.toScreen(x1, y1));
      }
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  // ------------------------------------------------------------------ legend and card

  legend() {
    const { coloring } = this, box = this.find("legend");
    const table = this.find("table");
    if (coloring.kind === "scale") {
      const stops = coloring.colors.join(",");
      box.innerHTML = `<span>${coloring.low}</span><i class="pm-ramp" style="background:linear-gradient(90deg,${stops})"></i>
        <span>${coloring.high}</span>`;
      table.innerHTML = "";
      return;
    }
    const all = new Uint32Array(coloring.names.length), inside = new Uint32Array(coloring.names.length);
    for (let i = 0; i < this.n; i++) {
      all[this.values[i]]++;
      inside[this.values[i]] += this.selected[i];
    }
    box.replaceChildren(
      ...coloring.names.flatMap((name, group) => {
        if (!all[group]) return [];
        const chip = document.createElement("button");
        chip.type = "button";
        chip.setAttribute("aria-pressed", !this.hidden.has(group));
        chip.title = `${name}: ${all[group].toLocaleString()} points. Click hides or shows it, double-click shows it alone.`;
        const count = this.count ? `${inside[group].toLocaleString()} / ${all[group].toLocaleString()}` : all[group].toLocaleString();
        chip.innerHTML = `<i style="background:${coloring.colors[group % coloring.colors.length]}"></i>${escape(name)} <small>${count}</small>`;
        chip.onclick = () => this.toggle(group);
        chip.ondblclick = () => this.solo(group, all);
        return [chip];
      }),
    );
    const rows = coloring.names.map(
      (name, group) => `<tr><th>${escape(name)}</th><td>${all[group]}</td><td>${inside[group]}</td></tr>`,
    );
    table.innerHTML = `<caption>Points by ${escape(coloring.title)}</caption>
      <tr><th>${escape(coloring.title)}</th><th>points</th><th>selected</th></tr>${rows.join("")}`;
  }

  toggle(group) {
    if (!this.hidden.delete(group)) this.hidden.add(group);
    this.filtered();
  }

  solo(group, all) {
    const others = [...all.keys()].filter((g) => g !== group && all[g]);
    const alone = others.every((g) => this.hidden.has(g)) && !this.hidden.has(group);
    this.hidden = new Set(alone ? [] : others);
    this.filtered();
  }

  filtered() {
    const same = this.peers.filter((map) => map.colorKey === this.colorKey);
    for (const map of same) map.hidden = new Set(this.hidden);
    for (const map of [this, ...same]) {
      map.legend();
      map.draw();
    }
  }

  card(i) {
    const card = this.find("card");
    if (i < 0) {
      card.hidden = true;
      return;
    }
    const { arrays, colorings, atlas } = this.file;
    const lines = colorings.map((coloring) => {
      const value = arrays[this.moment[coloring.key] ?? coloring.values][i];
      const text = coloring.kind === "groups" ? coloring.names[value] : `${Math.round((value / 255) * 100)}%`;
      const color = coloring.kind === "groups" ? `<i style="background:${coloring.colors[value % coloring.colors.length]}"></i>` : "";
      return `<div><small>${escape(coloring.title)}</small>${color}${escape(text)}</div>`;
    });
    let picture = "";
    if (atlas) {
      const cell = this.cellOf(i), zoom = 84 / cell.size;
      picture = `<div class="pm-thumb" style="background-image:url('${cell.address}');
        background-position:${-cell.x * zoom}px ${-cell.y * zoom}px;
        background-size:${atlas.columns * 84}px ${atlas.rows * 84}px;
        image-rendering:${cell.size < 48 ? "pixelated" : "auto"}"></div>`;
    }
    const told = this.textOf(arrays.ids[i]);
    card.innerHTML = `${picture}<div class="pm-lines"><div><small>sample</small>${arrays.ids[i]}</div>${lines.join("")}
      ${told ? `<p>${escape(told)}</p>` : ""}</div>`;
    card.hidden = false;
    const [x, y] = this.toScreen(this.xy[2 * i], this.xy[2 * i + 1]);
    const right = x + 16 + card.offsetWidth > this.width, low = y + 16 + card.offsetHeight > this.height;
    card.style.left = `${right ? x - 16 - card.offsetWidth : x + 16}px`;
    card.style.top = `${low ? y - 16 - card.offsetHeight : y + 16}px`;
  }

  // The caption of a sample; all of them are fetched when the first is asked for.
  textOf(id) {
    const { texts } = this.file;
    if (!texts) return "";
    if (!shared.texts.has(texts)) {
      shared.texts.set(texts, []);
      fetch(texts)
        .then((answer) => (answer.ok ? answer.json() : []))
        .then((found) => {
          shared.texts.set(texts, found);
          if (!this.find("card").hidden) this.card(this.hover);
        })
        .catch(() => shared.texts.delete(texts));
    }
    return shared.texts.get(texts)[id] ?? "";
  }

  // ------------------------------------------------------------------ input

  listen() {
    const at = (event) => {
      const box = this.over.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    this.over.addEventListener("pointerdown", (event) => {
      if (!this.file || this.small) return;
      const [x, y] = at(event);
      const pans = this.tool === "pan" || event.button === 1 || this.space;
      this.drag = { x, y, pans, view: { ...this.view }, path: pans ? null : [[x, y]], moved: false };
      this.over.setPointerCapture(event.pointerId);
      this.canvas.focus({ preventScroll: true });
      event.preventDefault();
    });
    this.over.addEventListener("pointermove", (event) => {
      if (!this.file) return;
      const [x, y] = at(event), drag = this.drag;
      if (!drag) return this.point(x, y);
      drag.moved ||= Math.hypot(x - drag.x, y - drag.y) > 3;
      if (drag.pans) {
        this.view.x = drag.view.x - (x - drag.x) / this.scale;
        this.view.y = drag.view.y + (y - drag.y) / this.scale;
        this.draw();
      } else if (drag.moved) {
        drag.path.push([x, y]);
        this.paintOver();
      }
    });
    this.over.addEventListener("pointerup", (event) => {
      const drag = this.drag;
      this.drag = null;
      if (!drag || !this.file) return;
      if (!drag.moved) this.click(drag.x, drag.y, event);
      else if (!drag.pans) this.choose(this.inside(drag), event);
      this.paintOver();
    });
    this.over.addEventListener("pointercancel", () => {
      this.drag = null;
      this.draw();
    });
    this.over.addEventListener("pointerleave", () => {
      if (!this.drag) this.point(-1e6, -1e6);
    });
    this.over.addEventListener(
      "wheel",
      (event) => {
        if (!this.file || this.small) return;
        event.preventDefault();
        this.card(-1);
        this.zoomAt(...at(event), Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)));
      },
      { passive: false },
    );
    this.over.addEventListener("dblclick", () => this.fit());
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.root.addEventListener("keyup", (event) => {
      if (event.key === " ") this.space = false;
    });
    for (const button of this.root.querySelectorAll("[data-tool]")) button.onclick = () => this.use(button.dataset.tool);
    for (const button of this.root.querySelectorAll("[data-show]"))
      button.onclick = () => {
        const what = button.dataset.show;
        this.show[what] = !this.show[what];
        button.setAttribute("aria-pressed", this.show[what]);
        this.draw();
      };
    this.find("fit").onclick = () => this.fit();
    this.find("clear").onclick = () => this.clear();
    this.find("play").onclick = () => this.play();
    this.find("scrub").oninput = (event) => {
      this.pause();
      this.goto(Number(event.target.value));
    };
  }

  use(tool) {
    this.tool = tool;
    for (const button of this.root.querySelectorAll("[data-tool]"))
      button.setAttribute("aria-pressed", button.dataset.tool === tool);
    this.over.dataset.tool = tool;
  }

  point(x, y) {
    const found = this.pick(x, y);
    if (found === this.hover) return;
    this.hover = found;
    clearTimeout(this.dwell);
    this.card(-1);
    this.paintOver();
    for (const peer of this.peers) peer.shadow(found < 0 ? -1 : this.file.arrays.ids[found]);
    if (found >= 0) this.dwell = setTimeout(() => this.card(found), DWELL_MS);
  }

  // Mark the sample that is under the pointer in a map beside.
  shadow(id) {
    this.hover = id < 0 ? -1 : this.placeOf(id);
    this.paintOver();
  }

  click(x, y, event) {
    const found = this.pick(x, y);
    if (found < 0) {
      if (!event.shiftKey && !event.ctrlKey && !event.metaKey) this.clear();
      return;
    }
    this.focus = found;
    const bits = new Uint8Array(this.n);
    bits[found] = 1;
    this.choose(bits, event);
  }

  // Shift adds to the selection, Ctrl (or Cmd) takes away from it.
  choose(bits, event) {
    const samples = this.samplesOf(bits), before = this.samplesOf(this.selected);
    if (event.shiftKey) for (let id = 0; id < samples.length; id++) samples[id] |= before[id];
    else if (event.ctrlKey || event.metaKey) for (let id = 0; id < samples.length; id++) samples[id] = before[id] & ~samples[id];
    this.select(samples);
  }

  inside(drag) {
    const path = outline(drag, this.tool).map(([x, y]) => this.toData(x, y));
    const xs = path.map((p) => p[0]), ys = path.map((p) => p[1]);
    const bits = new Uint8Array(this.n);
    this.near(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys), (i) => {
      if (this.isShown(i) && contains(path, this.xy[2 * i], this.xy[2 * i + 1])) bits[i] = 1;
    });
    return bits;
  }

  clear() {
    if (this.count) this.select(new Uint8Array(1));
  }

  fit() {
    this.view = { x: 0.5, y: 0.5, zoom: 1 };
    this.draw();
  }

  key(event) {
    if (!this.file || event.target.matches("input, button")) return;
    if (this.small && !event.key.startsWith("Arrow")) return;
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    if (ways[event.key]) this.walk(...ways[event.key]);
    else if (event.key === "Enter" && this.focus >= 0) {
      const bits = new Uint8Array(this.n);
      bits[this.focus] = 1;
      this.choose(bits, event);
    } else if (event.key === "Escape") {
      this.drag = null;
      this.card(-1);
      this.clear();
      this.paintOver();
    } else if (event.key === "+" || event.key === "=") this.zoomAt(this.width / 2, this.height / 2, 1.4);
    else if (event.key === "-") this.zoomAt(this.width / 2, this.height / 2, 1 / 1.4);
    else if (event.key === "0") this.fit();
    else if (event.key === " ") this.space = true;
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // ------------------------------------------------------------------ time

  goto(time) {
    this.time = clamp(time, 0, this.last);
    const before = this.moment;
    this.place();
    if (before !== this.moment) {
      this.recolor();
      this.legend();
    }
    this.find("scrub").value = this.time;
    this.find("epoch").textContent = `epoch ${this.moment.epoch}`;
    this.card(-1);
    this.draw();
  }

  play() {
    if (this.playing) return this.pause();
    if (this.time >= this.last) this.goto(0);
    this.run();
    this.find("play").setAttribute("aria-pressed", "true");
  }

  // Let time run from here to the last frame.
  run() {
    const from = this.time;
    let began;
    const step = (now) => {
      began ??= now;
      this.goto(from + (now - began) / FRAME_MS);
      if (this.time < this.last) this.playing = requestAnimationFrame(step);
      else this.pause();
    };
    this.playing = requestAnimationFrame(step);
  }

  pause() {
    cancelAnimationFrame(this.playing);
    this.playing = 0;
    this.find("play").setAttribute("aria-pressed", "false");
  }
}

// Pixels of a disc as pairs of offsets, with the share of each pixel that the disc covers.
const discs = new Map();
function disc(radius) {
  const key = Math.round(radius * 8);
  if (!discs.has(key)) {
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
    discs.set(key, offsets);
  }
  return discs.get(key);
}

function outline(drag, tool) {
  if (tool !== "box") return drag.path;
  const [x, y] = drag.path[drag.path.length - 1];
  return [[drag.x, drag.y], [x, drag.y], [x, y], [drag.x, y]];
}

function contains(path, x, y) {
  let inside = false;
  for (let i = 0, j = path.length - 1; i < path.length; j = i++) {
    const [xi, yi] = path[i], [xj, yj] = path[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

// Lines of equal density: a blurred histogram of 96 x 96 cells, cut at four levels by marching squares.
function contours(xy, n) {
  const size = 96;
  let grid = new Float32Array(size * size);
  for (let i = 0; i < n; i++) {
    const column = Math.min(size - 1, Math.floor(xy[2 * i] * size)), row = Math.min(size - 1, Math.floor(xy[2 * i + 1] * size));
    grid[row * size + column]++;
  }
  for (let pass = 0; pass < 6; pass++) {
    const next = new Float32Array(size * size), step = pass % 2 ? size : 1;
    for (let c = 0; c < next.length; c++) next[c] = ((grid[c - step] ?? 0) + 2 * grid[c] + (grid[c + step] ?? 0)) / 4;
    grid = next;
  }
  const filled = [...grid].filter((v) => v > 0.05).sort((a, b) => a - b);
  return [0.3, 0.55, 0.75, 0.9].map((share, level) => {
    const cut = filled[Math.floor(share * (filled.length - 1))] ?? 0, lines = [];
    for (let row = 0; row < size - 1; row++)
      for (let column = 0; column < size - 1; column++) {
        const at = row * size + column;
        const corners = [[0, 0, at], [1, 0, at + 1], [1, 1, at + size + 1], [0, 1, at + size]];
        const cross = [];
        corners.forEach(([x0, y0, a], k) => {
          const [x1, y1, b] = corners[(k + 1) % 4];
          if (grid[a] > cut === grid[b] > cut) return;
          const share = (cut - grid[a]) / (grid[b] - grid[a]);
          cross.push([(column + x0 + share * (x1 - x0) + 0.5) / size, (row + y0 + share * (y1 - y0) + 0.5) / size]);
        });
        for (let k = 0; k + 1 < cross.length; k += 2) lines.push([...cross[k], ...cross[k + 1]]);
      }
    return { level, lines };
  });
}
