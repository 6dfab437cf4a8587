// Bars of the groups of a column, the most frequent first; a click keeps a group, more clicks further ones.

import { escape } from "../escape.js";

const MOST_BARS = 200;

export class Bars {
  constructor(card, column, changed) {
    this.card = card;
    this.column = column;
    this.changed = changed;
    this.chosen = new Set();
    this.list = document.createElement("div");
    this.list.className = "fc-bars";
    this.list.setAttribute("role", "group");
    this.list.setAttribute("aria-label", `${column.title}: click keeps a group, again lets it go`);
    card.append(this.list);
  }

  get values() {
    return this.column.cells;
  }

  get allowed() {
    if (!this.chosen.size) return null;
    const bytes = new Uint8Array(this.column.n_cells);
    for (const group of this.chosen) bytes[group] = 1;
    return bytes;
  }

  get state() {
    return [...this.chosen].map((group) => this.nameOf(group));
  }

  restore(names) {
    const places = new Map(this.column.names.map((name, group) => [name, group]));
    const found = names.map((name) => (name === null ? this.column.names.length : places.get(name)));
    this.chosen = new Set(found.filter((group) => group !== undefined));
  }

  // null for samples without a value
  nameOf(group) {
    return this.column.names[group] ?? null;
  }

  // Rows are made once and in the order of all samples, so that they stay under the pointer while counts change.
  make(all) {
    const order = [...all.keys()].filter((group) => all[group]);
    order.sort((a, b) => all[b] - all[a]);
    this.order = order.slice(0, MOST_BARS);
    this.list.replaceChildren(
      ...this.order.map((group) => {
        const button = document.createElement("button");
        const name = this.nameOf(group) ?? "no value";
        button.type = "button";
        button.title = name;
        const color = this.column.colors[group % (this.column.colors.length || 1)];
        button.innerHTML = `<i${color ? ` style="background:${color}"` : ""}></i><span>${escape(name)}</span><small></small>`;
        button.onclick = () => {
          if (!this.chosen.delete(group)) this.chosen.add(group);
          this.changed(true);
        };
        return button;
      }),
    );
    if (order.length > MOST_BARS) this.list.append(`… ${(order.length - MOST_BARS).toLocaleString()} more; search for them`);
  }

  paint(all, passing) {
    if (!this.order) this.make(all);
    const most = this.order.length ? all[this.order[0]] : 1;
    this.card.classList.toggle("fc-chosen", this.chosen.size > 0);
    this.order.forEach((group, place) => {
      const row = this.list.children[place];
      row.setAttribute("aria-pressed", this.chosen.has(group));
      row.firstChild.style.width = `${(100 * passing[group]) / most}%`;
      row.lastChild.textContent = passing[group] === all[group] ? all[group].toLocaleString()
        : `${passing[group].toLocaleString()} / ${all[group].toLocaleString()}`;
    });
  }
}
