// A table of counts drawn on a canvas, so that 200 x 200 cells are as quick as 10 x 10. Cells and heads can be clicked,
// and walked through by keyboard; the order of rows and columns comes from the server.

import { escape } from "../escape.js";

const LARGEST = 60; // pixels of a cell where there is room
const READABLE = 12; // below this size the table scrolls, unless all of it is to be fitted in
const FINE = 4; // below this size cells are set pixel by pixel
const NUMBERS = 26; // from this size on, cells carry their numbers
const BLUE = [44, 98, 205];
const CHOSEN = "#f0840c";
const TOLD = 1000; // cells that a screen reader is given as a table

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".cm");
  if (!root.matrix) root.matrix = new Matrix(root);
  root.matrix.update(data, (cell) => setTriggerValue("clicked", cell));
  return () => {
    root.matrix?.watch.disconnect();
    root.matrix = null;
  };
}

const numbers = (text) => new Uint32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
const strength = (share) => 0.08 + 0.92 * Math.min(1, share) ** 0.7; // opacity of a cell with samples
const percent = (share) => `${(100 * share).toFixed(share > 0.0995 || share === 0 ? 0 : 1)}%`;
const short = (n) => (n < 10000 ? n.toLocaleString("en") : `${(n / 1000).toFixed(n < 99500 ? 1 : 0)}k`);

class Matrix {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector(`[data-cm="${name}"]`);
    this.canvas = this.find("cells");
    this.at = null; // the cell that the keyboard is on
    this.watch = new ResizeObserver(() => this.data && this.lay());
    this.watch.observe(root);
    this.canvas.onpointermove = (event) => this.hover(event);
    this.canvas.onpointerleave = () => this.point(null);
    this.canvas.onclick = (event) => this.choose(this.cellAt(event));
    this.canvas.onkeydown = (event) => this.key(event);
    this.canvas.onfocus = () => {
      if (this.canvas.matches(":focus-visible")) this.point((this.at ??= this.data?.selected ?? [0, 0]));
    };
    this.canvas.onblur = () => this.point(null);
    for (const name of ["rows", "columns"])
      this.find(name).onclick = (event) => {
        const head = event.target.closest("button");
        if (head) this.send(head.dataset.cell);
      };
  }

  update(data, send) {
    this.send = send;
    const same = this.data && JSON.stringify(data) === JSON.stringify(this.data);
    this.data = data;
    if (same) return;
    const [n, m] = [data.rows.length, data.columns.length];
    const counts = numbers(data.counts), cells = data.cells ? numbers(data.cells) : counts.map((_, i) => i);
    this.counts = new Uint32Array(n * m);
    cells.forEach((cell, i) => (this.counts[cell] = counts[i]));
    this.filled = cells.filter((cell) => this.counts[cell]);
    this.inRow = data.rows.map((row) => row.size);
    this.inColumn = data.columns.map((column) => column.size);
    this.most = counts.reduce((a, b) => Math.max(a, b), 1);
    if (this.at && (this.at[0] >= n || this.at[1] >= m)) this.at = null;
    this.canvas.setAttribute("aria-label", data.alt);
    this.sprite = null;
    if (data.sprite) {
      const sprite = new Image();
      sprite.onload = () => {
        this.sprite = sprite;
        this.draw();
      };
      sprite.src = data.sprite;
    }
    this.lay();
    this.tell();
  }

  lay() {
    const { rows, columns, words, fit, sprite } = this.data;
    const width = this.root.clientWidth;
    if (!width) return;
    const longest = Math.max(...rows.map((row) => row.name.length), words[0].length);
    const side = Math.min(Math.max(7 * longest, 40), 150) + 92;
    const least = fit ? 0.1 : sprite ? 34 : READABLE;
    const bounded = (room) => Math.max(least, Math.min(LARGEST, room > 8 ? Math.floor(room) : room));
    let w = bounded((width - side - 14) / columns.length);
    let h = bounded((this.data.height - 120) / rows.length);
    if (Math.min(w, h) >= NUMBERS || sprite) w = h = Math.min(w, h);
    else [w, h] = [Math.min(w, Math.max(h, 24)), Math.min(h, Math.max(w, 24))]; // few rows of many columns stay readable
    this.cell = [w, h];
    this.root.style.setProperty("--cm-height", `${this.data.height}px`);
    this.root.style.setProperty("--cm-bar", `rgb(${BLUE})`);
    const longestColumn = Math.max(...columns.map((column) => column.name.length));
    const tall = w < 40 || longestColumn * 7 >= w;
    const head = this.find("columns");
    head.classList.toggle("cm-tall", tall);
    head.style.setProperty("--cm-name", `${Math.min(92, 7 * longestColumn + 12)}px`);
    head.innerHTML = columns
      .map((column, c) => this.head(column, `-${c}`, `width:${w}px`, w >= 11, w >= 34, words[3]))
      .join("");
    const beside = this.find("rows");
    beside.style.width = `${side}px`;
    beside.innerHTML = rows
      .map((row, r) => this.head(row, `${r}-`, `height:${h}px`, h >= 11, h >= 15, words[2]))
      .join("");
    this.find("corner").innerHTML = `<span>${escape(words[1])} →</span><span>${escape(words[0])} ↓ ${escape(words[2])}</span>`;
    this.find("corner").style.width = `${side}px`;
    this.find("corner").style.boxSizing = "border-box";
    this.draw();
  }

  head(group, cell, style, named, figure, word) {
    const title = escape(`${group.name}: ${group.size.toLocaleString("en")}${group.rate === null ? "" : `, ${word} ${percent(group.rate)}`}`);
    const name = named ? `<b>${escape(group.name)}</b>` : "";
    const rate = group.rate === null ? "" : `<i style="--share:${100 * group.rate}%"></i>`;
    const text = figure && group.rate !== null ? `<small>${percent(group.rate)}</small>` : "";
    const parts = cell.startsWith("-") ? `${name} ${text} ${rate}` : `${name} ${rate} ${text}`;
    // A spoken name begins with what is seen: who says that to the computer means this button.
    const spoken = text ? `${escape(group.name)} ${percent(group.rate)} ${escape(word)}, ${group.size.toLocaleString("en")}` : title;
    return `<button type="button" tabindex="-1" data-cell="${cell}" style="${style}" title="${title}" aria-label="${spoken}">${parts}</button>`;
  }

  share(r, c) {
    const count = this.counts[r * this.data.columns.length + c];
    const whole = { counts: this.most, rows: this.inRow[r], columns: this.inColumn[c] }[this.data.shares];
    return whole ? count / whole : 0;
  }

  draw() {
    const { rows, columns, matched, selected, shares } = this.data;
    const { canvas } = this;
    const [w, h] = this.cell;
    const size = Math.min(w, h);
    const [width, height] = [columns.length * w, rows.length * h];
    // canvases beyond this many pixels are not drawn by all browsers
    const scale = Math.min(window.devicePixelRatio || 1, Math.sqrt(16e6 / Math.max(1, width * height)));
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    const pen = canvas.getContext("2d");
    pen.setTransform(canvas.width / width, 0, 0, canvas.height / height, 0, 0);
    pen.clearRect(0, 0, width, height);
    const look = getComputedStyle(this.root);
    const ink = look.color;
    const gap = size >= 8 ? 1 : 0;
    pen.font = `${Math.min(13, Math.max(9, size * 0.26))}px ${look.fontFamily}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    if (size < FINE) this.drawFine(pen, width, height);
    else for (let r = 0; r < rows.length; r++)
      for (let c = 0; c < columns.length; c++) {
        const count = this.counts[r * columns.length + c];
        const share = this.share(r, c);
        const [x, y] = [c * w, r * h];
        pen.fillStyle = `rgba(${BLUE},${count ? strength(share) : 0.03})`;
        pen.fillRect(x + gap, y + gap, w - 2 * gap, h - 2 * gap);
        if (!count) continue;
        if (this.sprite && this.data.sprite) {
          const px = this.data.thumb;
          const inset = Math.max(3, size * 0.1);
          pen.drawImage(this.sprite, c * px, r * px, px, px, x + inset, y + inset, size - 2 * inset, size - 2 * inset);
        } else if (size >= NUMBERS) {
          pen.fillStyle = share > 0.35 ? "#ffffff" : ink;
          pen.fillText(shares === "counts" ? short(count) : percent(share), x + w / 2, y + h / 2 + 0.5);
        }
      }
    pen.lineWidth = 1;
    pen.strokeStyle = ink;
    pen.globalAlpha = 0.45;
    if (size >= 6) for (const [r, c] of matched) pen.strokeRect(c * w + 0.5, r * h + 0.5, w - 1, h - 1);
    pen.globalAlpha = 1;
    const frame = ([r, c], color) => {
      pen.lineWidth = size >= 8 ? 3 : 2;
      pen.strokeStyle = color;
      const out = size >= 8 ? 1.5 : -1;
      pen.strokeRect(c * w + out, r * h + out, w - 2 * out, h - 2 * out);
    };
    if (selected) frame(selected, CHOSEN);
    if (this.over) frame(this.over, look.getPropertyValue("--st-primary-color") || ink);
  }

  // Cells of a few pixels, or smaller: the strongest one in a pixel is seen, and what holds nothing costs nothing.
  drawFine(pen, width, height) {
    const { columns } = this.data, [w, h] = this.cell, { canvas } = this;
    pen.fillStyle = `rgba(${BLUE},0.03)`;
    pen.fillRect(0, 0, width, height);
    const scale = canvas.width / width, shown = pen.getImageData(0, 0, canvas.width, canvas.height), { data } = shown;
    for (const cell of this.filled) {
      const r = Math.floor(cell / columns.length), c = cell % columns.length, alpha = Math.round(255 * strength(this.share(r, c)));
      const left = Math.floor(c * w * scale), top = Math.floor(r * h * scale);
      const right = Math.max(left + 1, Math.floor((c + 1) * w * scale)), bottom = Math.max(top + 1, Math.floor((r + 1) * h * scale));
      for (let y = top; y < Math.min(bottom, canvas.height); y++)
        for (let x = left; x < Math.min(right, canvas.width); x++) {
          const p = 4 * (y * canvas.width + x);
          if (data[p + 3] >= alpha) continue;
          [data[p], data[p + 1], data[p + 2], data[p + 3]] = [...BLUE, alpha];
        }
    }
    pen.putImageData(shown, 0, 0);
  }

  cellAt(event) {
    const box = this.canvas.getBoundingClientRect();
    const c = Math.floor((event.clientX - box.left) / this.cell[0]);
    const r = Math.floor((event.clientY - box.top) / this.cell[1]);
    return r >= 0 && c >= 0 && r < this.data.rows.length && c < this.data.columns.length ? [r, c] : null;
  }

  hover(event) {
    const cell = this.cellAt(event);
    if (String(cell) !== String(this.over)) this.point(cell);
  }

  choose(cell) {
    if (!cell) return;
    this.at = cell;
    if (this.counts[cell[0] * this.data.columns.length + cell[1]]) this.send(cell.join("-"));
  }

  key(event) {
    const [n, m] = [this.data.rows.length, this.data.columns.length];
    let [r, c] = this.at ?? [0, 0];
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.choose([r, c]);
      return;
    }
    if (step) [r, c] = [r + step[0], c + step[1]];
    else if (event.key === "Home") c = 0;
    else if (event.key === "End") c = m - 1;
    else return;
    event.preventDefault();
    this.at = [Math.max(0, Math.min(n - 1, r)), Math.max(0, Math.min(m - 1, c))];
    this.point(this.at);
    this.reveal(this.at);
  }

  reveal([r, c]) {
    const scroll = this.find("scroll");
    const [w, h] = this.cell;
    const [x, y] = [this.canvas.offsetLeft + c * w, this.canvas.offsetTop + r * h];
    const [left, top] = [this.find("rows").offsetWidth, this.find("columns").offsetHeight];
    if (x - left < scroll.scrollLeft) scroll.scrollLeft = x - left;
    else if (x + w > scroll.scrollLeft + scroll.clientWidth) scroll.scrollLeft = x + w - scroll.clientWidth;
    if (y - top < scroll.scrollTop) scroll.scrollTop = y - top;
    else if (y + h > scroll.scrollTop + scroll.clientHeight) scroll.scrollTop = y + h - scroll.clientHeight;
  }

  point(cell) {
    this.over = cell;
    const card = this.find("card");
    card.hidden = !cell;
    if (cell) {
      card.innerHTML = this.words(cell, true);
      this.find("live").textContent = this.words(cell, false);
      const box = this.canvas.getBoundingClientRect();
      const base = this.root.getBoundingClientRect();
      const [w, h] = this.cell;
      const x = box.left - base.left + (cell[1] + 1) * w + 6;
      const y = box.top - base.top + (cell[0] + 1) * h + 6;
      const right = x + card.offsetWidth > base.width;
      card.style.left = `${Math.max(0, right ? x - card.offsetWidth - w - 12 : x)}px`;
      card.style.top = `${y}px`;
    }
    this.draw();
  }

  words([r, c], html) {
    const { rows, columns, words } = this.data;
    const count = this.counts[r * columns.length + c];
    const bold = (text) => (html ? `<b>${escape(text)}</b>` : text);
    const shares = `${percent(this.inRow[r] ? count / this.inRow[r] : 0)} of the ${words[0]}, ${percent(this.inColumn[c] ? count / this.inColumn[c] : 0)} of the ${words[1]}`;
    return `${html ? escape(words[0]) : words[0]} ${bold(rows[r].name)}, ${html ? escape(words[1]) : words[1]} ${bold(columns[c].name)}${html ? "<br>" : ": "}${count.toLocaleString("en")} samples${html ? "<br>" : ", "}${html ? escape(shares) : shares}`;
  }

  tell() {
    const { rows, columns } = this.data;
    const table = this.find("table");
    if (rows.length * columns.length > TOLD) {
      table.innerHTML = "";
      return;
    }
    const heads = columns.map((column) => `<th scope="col">${escape(column.name)}</th>`).join("");
    const body = rows.map((row, r) => {
      const cells = columns.map((_, c) => `<td>${this.counts[r * columns.length + c]}</td>`).join("");
      return `<tr><th scope="row">${escape(row.name)}</th>${cells}</tr>`;
    });
    table.innerHTML = `<caption>${escape(this.data.alt)}</caption><thead><tr><td></td>${heads}</tr></thead><tbody>${body.join("")}</tbody>`;
  }
}
