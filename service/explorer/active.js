// The one owner of the active sample and of its neighbours: views, panel and controls ask it to move, open and close;
// it keeps the address and tells those who watch. The rules are those of cursor.js.

import * as cursors from "./cursor.js";
import { SampleOrder, selectionOf } from "./selection.js";
import { change } from "./state.js";

const NONE = Object.freeze([]);

export class ActiveSample {
  /** `cards` are those of all datasets; `state` is the present one. */
  constructor(service, cards, state) {
    Object.assign(this, { service, cards, listeners: new Set(), found: null });
    this.#begin(state);
  }

  /** The card of the dataset of a state. */
  cardOf(state) {
    return this.cards.find((card) => card.name === state.dataset);
  }

  /** Call `listener(cursor, { reveal })` after every move; returns what ends that. */
  watch(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Take over what a changed address says. */
  enter(state) {
    const selection = selectionOf(state, this.cardOf(state));
    const { at, sample } = this.written;
    if (selection.key === this.selection.key && state.at === at && state.sample === sample) return;
    this.#begin(state, selection);
    this.#tell({ reveal: true });
  }

  /** The index of the active sample; undefined while it is not known. */
  get index() {
    return this.cursor.wanted ?? this.order.indexAt(this.cursor.position);
  }

  /** The nearest neighbours of the open sample, [{ index, label, distance }, …]; none until they were found. */
  get neighbours() {
    const { found, selection } = this;
    const holds = this.cursor.open && found?.split === selection.split && found.index === this.index;
    return holds ? found.neighbours : NONE;
  }

  /** These are the neighbours of a sample of a split. */
  meet(split, index, neighbours) {
    this.found = { split, index, neighbours };
    this.#tell({ reveal: false });
  }

  press(key, room) {
    this.#become(cursors.press(this.cursor, key, room));
  }

  step(by) {
    this.#become(cursors.step(this.cursor, by));
  }

  /** Make the sample at a position the active one. */
  move(position) {
    this.#become(cursors.move(this.cursor, position));
  }

  /** Open the sample at a position. */
  pick(position) {
    this.#become(cursors.pick(this.cursor, position));
  }

  /** Open the sample of an index, wherever it stands. */
  seek(index) {
    this.#become(cursors.seek(this.cursor, index, this.selection));
  }

  close() {
    this.#become(cursors.close(this.cursor), { reveal: false });
  }

  rest(inView) {
    this.#become(cursors.rest(this.cursor, inView), { reveal: false });
  }

  /** The samples from `offset` on, as they were shown, have these indices. */
  learn(offset, indices) {
    this.order.learn(offset, indices);
    this.#write({ quietly: true });
    this.#tell({ reveal: false });
    this.#locate();
  }

  #begin(state, selection = selectionOf(state, this.cardOf(state))) {
    if (selection.key !== this.selection?.key) {
      this.selection = selection;
      this.order = new SampleOrder(this.service, selection, this.cardOf(state).rev);
    }
    const { at, sample } = state;
    this.written = { at, sample };
    this.cursor = cursors.start({ count: selection.count, at, sample, plain: selection.plain });
    this.#write({ quietly: true });
    this.#locate();
  }

  #become(next, { reveal = true } = {}) {
    const opens = next.open && !this.cursor.open;
    const closes = !next.open && this.cursor.open;
    this.cursor = next;
    this.#write({ quietly: !opens && !closes });
    this.#tell({ reveal });
    this.#locate();
  }

  /** The address names the sample as soon as it is known, and until then what it named before. */
  #write({ quietly }) {
    const { position, open } = this.cursor;
    if (open && this.index === undefined) return;
    this.written = { at: position, sample: open ? this.index : null };
    change({ ...this.written, ...(open ? { use: false } : {}) }, { quietly });
  }

  #tell(how) {
    for (const listener of this.listeners) listener(this.cursor, how);
  }

  /** Find the position of a wanted sample, once it is known that it does not stand where the address says. */
  async #locate() {
    const { wanted, outside, position } = this.cursor;
    const known = this.order.indexAt(position);
    if (wanted === null || outside || known === undefined) return;
    const { order } = this;
    const found = await order.positionOf(wanted).catch(() => null); // asked again when more is shown
    if (found === null || order !== this.order || this.cursor.wanted !== wanted || this.cursor.outside) return;
    this.#become(cursors.locate(this.cursor, found));
  }
}
