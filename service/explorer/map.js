// A map of samples: each stands where the first two principal components put it, drawn as itself in the colour of its
// label. Arrow keys go from sample to sample; dragging, the wheel, two fingers, + and - move and enlarge it.

import { takes } from "./cursor.js";
import { failure } from "./failure.js";
import { Gestures } from "./gestures.js";
import { count, make, percent, title, watchKeys } from "./make.js";
import { MapPainter, sideOf } from "./map-painter.js";
import { colourOf, tinted } from "./marks.js";
import { boundsOf, enlarge, isDirection, nearest, panBy, place, reveal, towards, WHOLE } from "./plane.js";
import { describe } from "./selection.js";
import { isDark, state } from "./state.js";

const COLUMNS = 50; // samples a row of the sheet that they come in
const PAN = 60; // CSS pixels
const TIP = 84; // CSS pixels of the picture beside the pointer

/** Show the map in `root`; returns what to call when the state changes, and at the end. */
export const map = (root, { service, active }) => new MapView(root, { service, active });

class MapView {
  constructor(root, { service, active }) {
    Object.assign(this, { root, service, active, points: [], places: [], sheet: null, view: WHOLE, pointed: -1 });
    this.planned = 0;
    this.#build();
    this.#listen();
    this.resized = new ResizeObserver(() => this.#plan());
    this.resized.observe(this.stage);
    this.load = () => this.#load();
    addEventListener("themechange", this.load);
    this.unwatch = active.watch((cursor, how) => this.#moved(how));
    this.load();
  }

  update(now, changed) {
    if (changed("dataset", "split", "label", "seed")) this.load();
  }

  close() {
    this.asking.abort();
    this.resized.disconnect();
    this.unwatch();
    cancelAnimationFrame(this.planned);
    removeEventListener("themechange", this.load);
  }

  focus() {
    this.canvas.focus();
  }

  #build() {
    const about = {
      tabIndex: 0,
      role: "application",
      "aria-label": "Map of samples",
      "aria-describedby": "map-keys",
      "aria-keyshortcuts": "ArrowLeft ArrowRight ArrowUp ArrowDown Enter + - 0",
    };
    this.canvas = make("canvas", { class: "sky", ...about });
    this.painter = new MapPainter(this.canvas);
    this.heading = make("h1", {});
    this.facts = make("p", { class: "muted" });
    this.legend = make("ul", { class: "legend" });
    this.tip = make("div", { class: "tip", hidden: true, "aria-hidden": "true" });
    this.spoken = make("p", { class: "unseen", role: "status" });
    const button = (text, name, onclick, kind = "icon") =>
      make("button", { type: "button", class: `button ${kind}`, "aria-label": name, onclick }, text);
    const zoom = make(
      "div",
      { class: "zoom" },
      button("+", "Enlarge", () => this.#enlarge(1.5)),
      button("−", "Reduce", () => this.#enlarge(1 / 1.5)),
      button("Whole map", undefined, () => this.#see(WHOLE), "small"),
    );
    const keys = "Arrow keys go from sample to sample, Enter opens one. Shift and arrow keys move the map, + and − enlarge.";
    this.parts = [this.canvas, make("p", { class: "keys", id: "map-keys" }, keys), this.tip, zoom, this.spoken];
    this.stage = make("div", { class: "stage" }, this.parts);
    this.root.append(make("div", { class: "heading" }, this.heading, this.facts, this.legend), this.stage);
  }

  #listen() {
    this.keyed = watchKeys(this.canvas, () => this.#moved({ reveal: this.keyed() }));
    new Gestures(this.canvas, {
      drag: (x, y) => {
        this.#point(-1);
        this.#see({ ...this.view, x: this.view.x + x, y: this.view.y + y });
      },
      enlarge: (by, at) => {
        this.#point(-1);
        this.#enlarge(by, at);
      },
      tap: (at) => {
        const position = nearest(this.places, at, sideOf(this.view.scale));
        if (position >= 0) this.active.pick(position);
      },
      hover: (at) => this.#point(at ? nearest(this.places, at, sideOf(this.view.scale)) : -1),
    });
    this.canvas.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !this.places.length) return;
      if (this.#press(event.key, event.shiftKey)) event.preventDefault();
    });
  }

  /** Do what a key means; false if it means nothing here. */
  #press(key, shift) {
    const { cursor } = this.active;
    if (isDirection(key) && shift) {
      const { x, y } = panBy(key, PAN);
      this.#see({ ...this.view, x: this.view.x + x, y: this.view.y + y });
    } else if (isDirection(key)) this.active.move(towards(this.places, cursor.position, key));
    else if (key === "+" || key === "=") this.#enlarge(1.25);
    else if (key === "-") this.#enlarge(0.8);
    else if (key === "0") this.#see(WHOLE);
    else if (takes(key)) this.active.press(key, { columns: 1, rows: 1 });
    else return false;
    return true;
  }

  async #load() {
    this.asking?.abort();
    this.asking = new AbortController();
    const { signal } = this.asking;
    const now = state();
    const { selection } = this.active;
    const card = this.active.cardOf(now);
    const query = { ...selection.parameters, limit: selection.count, rev: card.rev };
    Object.assign(this, { points: [], places: [], sheet: null, pointed: -1 });
    this.tip.dataset.index = "";
    this.root.dataset.state = "loading";
    this.heading.textContent = `Map of ${title(now.dataset)} ${now.split}`;
    this.facts.textContent = "Loading…";
    try {
      const picture = this.service.gridUrl(selection.split, { ...query, columns: COLUMNS, transparent: true });
      const [found, blob] = await Promise.all([
        this.service.projection(selection.split, { ...query, signal }),
        this.service.fetch(picture, { signal }).then((answer) => answer.blob()),
      ]);
      const sheet = tinted(await createImageBitmap(blob), found.points, card.image_shape, COLUMNS);
      if (!signal.aborted) this.#show(found, sheet, card);
    } catch (error) {
      if (!signal.aborted) this.stage.replaceChildren(failure(error, () => this.#load()));
    }
  }

  #show({ points, explained: [across, up] }, sheet, card) {
    Object.assign(this, { points, sheet, bounds: boundsOf(points) });
    this.stage.replaceChildren(...this.parts);
    const share = `${percent(across)} and ${percent(up)} of the variance`;
    this.facts.textContent = `${describe(this.active.selection)}, along the two directions in which the data differ most (principal components; ${share}).`;
    this.legend.replaceChildren(
      ...card.classes.map((name, label) => {
        const swatch = make("i");
        swatch.style.background = colourOf(label);
        return make("li", {}, swatch, name);
      }),
    );
    this.#see(WHOLE);
    const indices = points.map(({ index }) => index);
    this.active.learn(0, indices);
    this.root.dataset.state = "ready";
  }

  get frame() {
    return { width: this.stage.clientWidth, height: this.stage.clientHeight, bounds: this.bounds };
  }

  #see(view) {
    this.view = view;
    this.#arrange();
    this.#plan();
  }

  #arrange() {
    const { frame } = this;
    if (this.bounds) this.places = this.points.map((point) => place(point, this.view, frame));
  }

  #enlarge(by, at = { x: this.stage.clientWidth / 2, y: this.stage.clientHeight / 2 }) {
    this.#see(enlarge(this.view, by, at, this.frame));
  }

  #plan() {
    this.planned ||= requestAnimationFrame(() => this.#draw());
  }

  /** The position that is marked without a pointer: of the open sample, or of the active one while keys go to the map. */
  get current() {
    const { open, wanted, position } = this.active.cursor;
    const shows = open || this.keyed();
    return shows && wanted === null && position < this.places.length ? position : -1;
  }

  #draw() {
    this.planned = 0;
    this.#arrange();
    const { width, height } = this.frame;
    const marks = [...new Set([this.pointed, this.current])].filter((position) => position >= 0);
    const side = sideOf(this.view.scale);
    this.painter.draw({ sheet: this.sheet, places: this.places, width, height, side, marks });
    this.#tell(this.pointed >= 0 ? this.pointed : this.keyed() ? this.current : -1);
  }

  #moved({ reveal: follows }) {
    const { current } = this;
    if (follows && current >= 0) this.view = reveal(this.view, this.places[current], this.frame, 2 * sideOf(1));
    if (current >= 0) this.spoken.textContent = this.#name(current);
    this.#plan();
  }

  #name(position) {
    const { index, label } = this.points[position];
    return `Sample ${count(index)}, label ${label}`;
  }

  #point(position) {
    if (position === this.pointed) return;
    this.pointed = position;
    this.canvas.style.cursor = position < 0 ? "" : "pointer";
    this.#plan();
  }

  /** Show the sample at a position beside its mark. */
  #tell(position) {
    this.tip.hidden = position < 0;
    if (position < 0) return;
    const { index, label } = this.points[position];
    const { x, y } = this.places[position];
    if (this.tip.dataset.index !== String(index)) {
      const { rev } = this.active.cardOf(state());
      const scale = Math.round(TIP / this.sheet.width);
      const src = this.service.pictureUrl(this.active.selection.split, index, { scale, invert: !isDark(), rev });
      const size = { width: this.sheet.width * scale, height: this.sheet.height * scale };
      this.tip.dataset.index = index;
      this.tip.replaceChildren(make("img", { src, ...size, alt: "" }), make("p", {}, make("b", {}, `${label}`), ` #${index}`));
    }
    const left = x + 150 > this.stage.clientWidth ? x - 118 : x + 18;
    const top = Math.max(0, Math.min(y, this.stage.clientHeight - 136));
    this.tip.style.transform = `translate(${left}px, ${top}px)`;
  }
}
