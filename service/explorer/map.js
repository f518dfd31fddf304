// A map of samples: each stands where two principal components or t-SNE put it, drawn as itself in the colour of its
// label. Arrow keys go from sample to sample; dragging, the wheel, two fingers, + and - move and enlarge it.

import { pickInside, isPicked, toggle } from "./basket.js";
import { Companions } from "./companions.js";
import { takes } from "./cursor.js";
import { failure } from "./failure.js";
import { Gestures } from "./gestures.js";
import { Lasso } from "./lasso.js";
import { Legend } from "./legend.js";
import { count, title, watchKeys } from "./make.js";
import { captionOf, KindChoice } from "./map-kinds.js";
import { MapPainter, sideOf } from "./map-painter.js";
import { loadPart } from "./map-part.js";
import { MapStage } from "./map-stage.js";
import { boundsOf, enclosed, enlarge, isDirection, nearest, panBy, reveal, spotsOf, towards, WHOLE } from "./plane.js";
import { describe } from "./selection.js";
import { state } from "./state.js";
import { Tip } from "./tip.js";

const PAN = 60; // CSS pixels

/** Show the map in `root`; returns what to call when the state changes, and at the end. */
export const map = (root, { service, active }) => new MapView(root, { service, active });

class MapView {
  constructor(root, { service, active }) {
    Object.assign(this, { root, service, active, points: [], spots: new Map(), sheet: null, view: WHOLE });
    this.pointed = null; // index of the sample under the pointer
    this.planned = 0;
    this.companions = new Companions(service, () => this.#plan());
    this.#build();
    this.#listen();
    this.resized = new ResizeObserver(() => this.#plan());
    this.resized.observe(this.stage.element);
    this.load = () => this.#load();
    addEventListener("themechange", this.load);
    this.unwatch = active.watch((cursor, how) => this.#moved(how));
    this.load();
  }

  update(now, changed) {
    if (this.selection !== this.active.selection || changed("kind")) this.load();
    else if (changed("index")) this.#plan();
    this.legend.show(now, this.active.cardOf(now));
  }

  close() {
    this.asking.abort();
    this.companions.close();
    this.lasso.turn(false);
    this.resized.disconnect();
    this.unwatch();
    cancelAnimationFrame(this.planned);
    removeEventListener("themechange", this.load);
  }

  focus() {
    this.canvas.focus();
  }

  #build() {
    this.kinds = new KindChoice(this.service);
    this.legend = new Legend();
    this.tip = new Tip(this.service);
    this.lasso = new Lasso({ changed: () => this.#plan(), caught: (loop) => this.#catch(loop) });
    this.stage = new MapStage(this.root, {
      ...this,
      enlarge: (by) => this.#enlarge(by),
      whole: () => this.#see(WHOLE),
    });
    this.canvas = this.stage.canvas;
    this.painter = new MapPainter(this.canvas);
  }

  #listen() {
    this.keyed = watchKeys(this.canvas, () => this.#moved({ reveal: this.keyed() }));
    new Gestures(this.canvas, {
      drag: (x, y) => {
        this.#point(null);
        this.#see({ ...this.view, x: this.view.x + x, y: this.view.y + y });
      },
      enlarge: (by, at) => {
        this.#point(null);
        this.#enlarge(by, at);
      },
      tap: (at, event) => this.#choose(this.#at(at), event),
      hover: (at) => this.#point(at ? this.#at(at) : null),
      draws: () => this.lasso.on,
      stroke: (from, to) => {
        this.#point(null);
        this.lasso.stroke(from, to);
      },
      strokeEnd: (how) => this.lasso.end(how),
    });
    this.canvas.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !this.points.length) return;
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
    else if (key.toLowerCase() === "p") toggle(this.active.index);
    else if (takes(key)) this.active.press(key, { columns: 1, rows: 1 });
    else return false;
    return true;
  }

  /** A click opens a sample; with Ctrl or ⌘ it picks it. */
  #choose(spot, { ctrlKey, metaKey }) {
    if (!spot) return;
    if (ctrlKey || metaKey) toggle(spot.point.index);
    else if (spot.position >= 0) this.active.pick(spot.position);
    else this.active.seek(spot.point.index);
  }

  #catch(loop) {
    const spots = [...this.spots.values()];
    const places = spots.map(({ at }) => at);
    pickInside(enclosed(places, loop).map((position) => spots[position].point.index));
  }

  async #load() {
    this.asking?.abort();
    this.asking = new AbortController();
    const { signal } = this.asking;
    const now = state();
    const card = this.active.cardOf(now);
    this.selection = this.active.selection;
    this.#clear(now, card);
    try {
      const found = await loadPart(this.service, { ...this.selection, card, kind: now.kind }, signal);
      if (!signal.aborted) this.#show(found);
    } catch (error) {
      if (!signal.aborted) this.stage.fail(failure(error, () => this.#load()));
    }
  }

  #clear(now, card) {
    this.companions.close();
    Object.assign(this, { points: [], spots: new Map(), sheet: null, pointed: null });
    this.root.dataset.state = "loading";
    this.stage.heading.textContent = `Map of ${title(now.dataset)} ${now.split}`;
    this.stage.facts.textContent = "Loading…";
    this.kinds.show(now, card);
    this.legend.show(now, card);
    this.#plan();
  }

  #show(found) {
    const { points, sheet } = found;
    Object.assign(this, { points, sheet, bounds: boundsOf(points) });
    this.stage.restore();
    this.stage.facts.textContent = `${describe(this.selection)}, ${captionOf(found)}`;
    this.#see(WHOLE);
    const indices = points.map(({ index }) => index);
    this.active.learn(0, indices);
    this.root.dataset.state = "ready";
  }

  get frame() {
    return { ...this.stage.size, bounds: this.bounds };
  }

  /** Where the samples of the selection are, by position. */
  get places() {
    return this.points.map(({ index }) => this.spots.get(index).at);
  }

  #see(view) {
    this.view = view;
    this.#arrange();
    this.#plan();
  }

  #arrange() {
    if (this.bounds) this.spots = spotsOf(this.points, this.companions.shown.points, this.view, this.frame);
  }

  #enlarge(by, at = { x: this.stage.size.width / 2, y: this.stage.size.height / 2 }) {
    this.#see(enlarge(this.view, by, at, this.frame));
  }

  #plan() {
    this.planned ||= requestAnimationFrame(() => this.#draw());
  }

  /** The spot that is marked without a pointer: of the open sample, or of the active one while keys go to the map. */
  get current() {
    return this.active.cursor.open || this.keyed() ? this.spots.get(this.active.index) : undefined;
  }

  #draw() {
    this.planned = 0;
    this.#arrange();
    const { points, sheet, spots, current, pointed } = this;
    this.painter.draw({
      size: this.stage.size,
      side: sideOf(this.view.scale),
      spots,
      layers: [{ points, sheet }, this.companions.shown],
      neighbours: this.active.neighbours.map(({ index }) => index),
      active: new Set([pointed, current?.point.index]),
      picked: state().index,
      loop: this.lasso.loop,
    });
    this.stage.element.classList.toggle("with-lasso", this.lasso.on);
    this.stage.element.classList.toggle("with-help", this.lasso.on && !this.lasso.used);
    this.#tell(spots.get(pointed) ?? (this.keyed() ? current : undefined));
  }

  #moved({ reveal: follows }) {
    this.#accompany();
    const { current } = this;
    if (follows && current) this.view = reveal(this.view, current.at, this.frame, 2 * sideOf(1));
    if (current) this.stage.spoken.textContent = nameOf(current.point);
    this.#plan();
  }

  /** Show the open sample and its neighbours also where the selection does not contain them. */
  #accompany() {
    const { active, points, selection } = this;
    if (points.length === 0 || selection !== active.selection) return;
    const { open, wanted, outside } = active.cursor;
    const drawn = new Set(points.map(({ index }) => index));
    const wished = [...(open && outside ? [wanted] : []), ...active.neighbours.map(({ index }) => index)];
    const beside = wished.filter((index) => !drawn.has(index));
    const now = state();
    this.companions.show(selection.split, active.cardOf(now), now.kind, beside);
  }

  /** The spot near a place of the stage. */
  #at(at) {
    const spots = [...this.spots.values()];
    const places = spots.map((spot) => spot.at);
    return spots[nearest(places, at, sideOf(this.view.scale))];
  }

  #point(spot) {
    const index = spot?.point.index ?? null;
    if (index === this.pointed) return;
    this.pointed = index;
    this.canvas.style.cursor = index === null ? "" : "pointer";
    this.#plan();
  }

  /** Show the sample of a spot beside it. */
  #tell(spot) {
    if (!spot) return this.tip.hide();
    const { rev, image_shape: image } = this.active.cardOf(state());
    return this.tip.show(spot.point, spot.at, { split: this.selection.split, rev, image, stage: this.stage.size });
  }
}

const nameOf = ({ index, label }) => `Sample ${count(index)}, label ${label}${isPicked(index) ? ", picked" : ""}`;
