// The samples that the map shows besides those that it draws: the open one and its nearest neighbours, where they are
// not drawn anyway.

import { loadPart } from "./map-part.js";

const NOBODY = Object.freeze({ points: Object.freeze([]), sheet: null });

export class Companions {
  /** `changed()` is called when others are to be shown, which are then in `shown`: { points, sheet }. */
  constructor(service, changed) {
    Object.assign(this, { service, changed, shown: NOBODY, key: "" });
  }

  /** Show the samples of these indices: at once if there are none or they are shown already, else when they came. */
  async show(split, card, kind, indices) {
    const key = [split, kind, ...indices].join();
    if (key === this.key) return;
    this.close();
    this.key = key;
    if (indices.length === 0) return;
    this.asking = new AbortController();
    const { signal } = this.asking;
    try {
      const part = { split, card, kind, parameters: { index: indices }, count: indices.length };
      const found = await loadPart(this.service, part, signal);
      if (signal.aborted) return;
      this.shown = found;
      this.changed();
    } catch {
      if (!signal.aborted) this.key = ""; // asked for again when the active sample changes
    }
  }

  /** Show nobody. */
  close() {
    this.asking?.abort();
    Object.assign(this, { shown: NOBODY, key: "" });
  }
}
