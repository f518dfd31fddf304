// The samples: an endless contact sheet. One canvas as large as what is in view is drawn anew as it scrolls, from the
// sheets in memory; the scroll bar belongs to an empty element as tall as all the samples would be.

import { isPicked, pickThrough, toggle } from "./basket.js";
import { takes } from "./cursor.js";
import { failure, retryDelay } from "./failure.js";
import { count, make, title, watchKeys } from "./make.js";
import { describe } from "./selection.js";
import { shapeOf } from "./shape.js";
import { SheetPainter } from "./sheet-painter.js";
import { Sheets } from "./sheets.js";
import { lookOf, state } from "./state.js";

/** Show the samples in `root`; returns what to call when the state changes, and at the end. */
export const samples = (root, place) => new SamplesView(root, place);

class SamplesView {
  constructor(root, { service, active }) {
    Object.assign(this, { root, service, active });
    this.shown = [0, 0]; // positions that were drawn last, the last one excluded
    this.pointed = -1; // position under the pointer
    this.planned = this.settling = this.resting = this.retrying = this.lastTop = this.attempts = 0;
    this.#build();
    this.#listen();
    this.begin = () => this.#begin();
    addEventListener("themechange", this.begin);
    this.unwatch = active.watch((cursor, how) => this.#moved(how));
    this.#begin();
    this.resized = new ResizeObserver(() => this.#resize());
    this.resized.observe(this.list);
  }

  update(now, changed) {
    if (this.selection !== this.active.selection || changed("cmap", "paper", "size")) this.#begin();
    else if (changed("index")) this.#showPicks();
  }

  close() {
    this.resized.disconnect();
    this.unwatch();
    this.sheets.close();
    for (const timer of [this.retrying, this.settling, this.resting]) clearTimeout(timer);
    cancelAnimationFrame(this.planned);
    removeEventListener("themechange", this.begin);
  }

  focus() {
    this.list.focus({ preventScroll: true });
  }

  #build() {
    const canvas = make("canvas", { class: "sheet", "aria-hidden": "true" });
    this.painter = new SheetPainter(canvas);
    this.ring = make("div", { class: "ring", id: "active-sample", role: "option", "aria-selected": "true" });
    this.hover = make("div", { class: "ring hovered", "aria-hidden": "true" });
    this.tall = make("div", { class: "tall" }, canvas, this.hover, this.ring);
    const about = {
      role: "listbox",
      tabIndex: 0,
      "aria-label": "Samples",
      "aria-activedescendant": "active-sample",
      "aria-keyshortcuts": "ArrowLeft ArrowRight ArrowUp ArrowDown Enter P",
    };
    this.list = make("div", { class: "samples", id: "samples", ...about }, this.tall);
    this.heading = make("h1", {});
    this.facts = make("p", { class: "muted" });
    this.trouble = make("div", { class: "trouble" });
    this.root.append(make("div", { class: "heading" }, this.heading, this.facts), this.trouble, this.list);
  }

  #listen() {
    const { list } = this;
    const keyed = watchKeys(list, () => list.classList.toggle("keyed", keyed()));
    list.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (this.#press(event.key)) event.preventDefault();
    });
    list.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    list.addEventListener("pointermove", (event) => this.#point(event.pointerType === "touch" ? -1 : this.#at(event)));
    list.addEventListener("pointerleave", () => this.#point(-1));
    list.addEventListener("click", (event) => {
      const position = this.#at(event);
      if (position >= 0) this.#choose(position, event);
    });
  }

  /** Do what a key means; false if it means nothing here. */
  #press(key) {
    const rows = Math.floor(this.list.clientHeight / this.shape.down);
    if (key.toLowerCase() === "p") toggle(this.active.index);
    else if (takes(key)) this.active.press(key, { columns: this.shape.columns, rows });
    else return false;
    return true;
  }

  /** A click opens a sample; with Ctrl or ⌘ it picks it, with Shift all those from the active one to it. */
  #choose(position, { ctrlKey, metaKey, shiftKey }) {
    if (shiftKey) pickThrough(this.active, position);
    else if (ctrlKey || metaKey) {
      this.active.move(position);
      toggle(this.active.order.indexAt(position));
    } else this.active.pick(position);
  }

  #begin() {
    const now = state();
    this.sheets?.close();
    clearTimeout(this.retrying);
    this.attempts = 0;
    this.refused = false;
    this.trouble.replaceChildren();
    this.card = this.active.cardOf(now);
    this.selection = this.active.selection;
    this.heading.textContent = `${title(now.dataset)} ${now.split}`;
    this.facts.textContent = describe(this.selection);
    const query = { ...this.selection.parameters, ...lookOf(now), rev: this.card.rev };
    this.sheets = new Sheets(this.service, this.selection.split, query, {
      arrived: (offset, indices) => this.#arrived(offset, indices),
      failed: (error) => this.#failed(error),
    });
    this.#measure();
    this.#reveal(this.active.cursor.position, { top: true });
    this.#announce();
    this.#plan();
  }

  #arrived(offset, indices) {
    this.attempts = 0;
    this.refused = false;
    clearTimeout(this.retrying);
    this.trouble.replaceChildren();
    this.active.learn(offset, indices);
    this.#plan();
  }

  #failed(error) {
    clearTimeout(this.retrying);
    const again = () => {
      this.refused = false;
      this.#plan();
    };
    this.trouble.replaceChildren(failure(error, again));
    const delay = retryDelay(error, this.attempts++);
    this.refused = true; // until then nothing more is asked for
    if (delay !== null) this.retrying = setTimeout(again, delay);
  }

  #moved({ reveal }) {
    if (this.selection !== this.active.selection) return; // then everything begins anew in a moment
    if (reveal) this.#reveal(this.active.cursor.position);
    this.#announce();
    this.#plan();
  }

  #measure() {
    const { list, selection } = this;
    const { size } = state();
    const margin = parseFloat(getComputedStyle(this.root).getPropertyValue("--margin"));
    const [width, height] = [list.clientWidth, list.clientHeight];
    this.shape = shapeOf({ total: selection.count, image: this.card.image_shape, size, width, margin });
    this.tall.style.height = `${this.shape.height}px`;
    this.painter.measure(width, height);
  }

  /** The active sample stays where one sees it, and without it the first one in view stays the first. */
  #resize() {
    const { list, shape: before } = this;
    const { position } = this.active.cursor;
    const [from, to] = this.shown;
    const height = before.place(position).y - list.scrollTop;
    this.#measure();
    if (before.columns !== this.shape.columns) {
      if (position >= from && position < to) list.scrollTop = this.shape.place(position).y - height;
      else this.#reveal(from, { top: true });
    }
    if (position >= from && position < to) this.#reveal(position);
    this.#plan();
  }

  #reveal(position, { top = false } = {}) {
    const { list, shape } = this;
    const above = shape.place(position).y - shape.top;
    const below = above + shape.tile.height + shape.caption + 2 * shape.top;
    if (top) list.scrollTop = position < shape.columns ? 0 : above;
    else if (above < list.scrollTop) list.scrollTop = above;
    else if (below > list.scrollTop + list.clientHeight) list.scrollTop = below - list.clientHeight;
  }

  #plan() {
    this.planned ||= requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.planned = 0;
    const { list, shape, sheets } = this;
    const top = list.scrollTop;
    const fast = Math.abs(top - this.lastTop) > 2 * list.clientHeight;
    this.lastTop = top;
    const [from, to] = (this.shown = shape.within(top, list.clientHeight));
    clearTimeout(this.settling);
    // Flying past: draw, but ask only where it comes to rest.
    if (fast) this.settling = setTimeout(() => this.#plan(), 60);
    else if (!this.refused) sheets.want(from, to - 1);
    this.painter.draw({ shape, sheets, from, to, top, picked: new Set(state().index) });
    this.#mark(this.ring, this.active.cursor.wanted === null ? this.active.cursor.position : -1);
    this.#mark(this.hover, this.pointed);
    this.root.dataset.state = fast || sheets.at(from) === null ? "loading" : "ready";
  }

  #mark(frame, position) {
    frame.hidden = position < 0 || position >= this.selection.count;
    if (frame.hidden) return;
    const { x, y } = this.shape.place(position);
    frame.style.transform = `translate(${x}px, ${y}px)`;
    frame.style.width = `${this.shape.tile.width}px`;
    frame.style.height = `${this.shape.tile.height}px`;
  }

  #announce() {
    const { position } = this.active.cursor;
    const sample = this.sheets.at(position);
    const picked = sample && isPicked(sample.index) ? ", picked" : "";
    const known = sample && `Sample ${sample.index}, label ${sample.label}${picked}`;
    this.ring.setAttribute("aria-posinset", position + 1);
    this.ring.setAttribute("aria-setsize", this.selection.count);
    this.ring.setAttribute("aria-label", known ?? `Sample at position ${count(position)}, loading`);
  }

  #showPicks() {
    this.#announce();
    this.#plan();
  }

  #at(event) {
    const box = this.list.getBoundingClientRect();
    return this.shape.at(event.clientX - box.left, event.clientY - box.top + this.list.scrollTop);
  }

  #point(position) {
    if (position === this.pointed) return;
    this.pointed = position;
    this.list.style.cursor = position < 0 ? "" : "pointer";
    this.#plan();
  }

  #scrolled() {
    this.#plan();
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      const [from, to] = this.shape.within(this.list.scrollTop, this.list.clientHeight);
      this.active.rest({ from, to, columns: this.shape.columns });
    }, 200);
  }
}
