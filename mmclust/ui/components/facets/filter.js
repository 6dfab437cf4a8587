// Which samples pass the filters of all charts of a group: one bit for each filter that a sample fails.

const MOST_FILTERS = 16;

export class Filter {
  constructor(n) {
    this.n = n;
    this.blocked = new Uint16Array(n);
    this.version = 0; // another one says that other samples may pass
    this.keys = []; // place -> what filters by this bit, null while it is free
  }

  get active() {
    return this.keys.some(Boolean);
  }

  // The bit of a filter; 0 without one.
  bitOf(key) {
    const place = this.keys.indexOf(key);
    return place < 0 ? 0 : 1 << place;
  }

  // Let only samples pass whose value is allowed.
  //   values: of each sample id; allowed: one byte for each value
  set(key, values, allowed) {
    if (!this.keys.includes(key)) {
      const free = this.keys.indexOf(null), place = free < 0 ? this.keys.length : free;
      if (place >= MOST_FILTERS) return false;
      this.keys[place] = key;
    }
    this.version += 1;
    const bit = this.bitOf(key), { blocked, n } = this;
    for (let id = 0; id < n; id++) {
      if (allowed[values[id]]) blocked[id] &= ~bit;
      else blocked[id] |= bit;
    }
    return true;
  }

  // As `set`, from one byte for each sample.
  setSamples(key, inside) {
    return this.set(key, inside, [0, 1]);
  }

  clear(key) {
    const bit = this.bitOf(key);
    if (!bit) return;
    this.version += 1;
    for (let id = 0; id < this.n; id++) this.blocked[id] &= ~bit;
    this.keys[this.keys.indexOf(key)] = null;
  }

  // Whether anything filters besides one.
  besides(key) {
    return this.keys.some((one) => one && one !== key);
  }

  // Samples of each value that pass the filters of all others.
  counts(key, values, n_values, present) {
    const others = ~this.bitOf(key) & 0xffff, found = new Uint32Array(n_values), { blocked, n } = this;
    for (let id = 0; id < n; id++) if (present[id] && !(blocked[id] & others)) found[values[id]]++;
    return found;
  }
}
