// A pad on which one draws a digit, and beside it what its nearest samples say. The drawing is part of the state, so
// the address holds it; what was drawn before can be undone.

import { NEIGHBOURS_RULE, readNeighbours } from "./address.js";
import { NumberField } from "./fields.js";
import { count, make, title } from "./make.js";
import { blank, isBlank, rasterOf, read, remember, write } from "./pad.js";
import { KEYS, PadCanvas } from "./pad-canvas.js";
import { PadTools } from "./pad-tools.js";
import { fromPicture, placementOf, settle } from "./placement.js";
import { change, lookOf, state } from "./state.js";
import { Votes } from "./votes.js";

/** Show the pad in `root`; returns what to call when the state changes, and at the end. */
export const draw = (root, { service, active }) => new DrawView(root, { service, active });

class DrawView {
  constructor(root, { service, active }) {
    Object.assign(this, { root, service, active, past: [] });
    this.pad = new PadCanvas({
      begin: () => this.#begin(),
      end: (drawing) => this.#commit(drawing),
      tell: (text) => this.#tell(text),
    });
    this.votes = new Votes({ service, open: (index) => active.seek(index) });
    this.#build();
    this.refresh = () => this.#show();
    addEventListener("themechange", this.refresh);
    this.undoes = (event) => this.#press(event);
    root.addEventListener("keydown", this.undoes);
    this.unwatch = active.watch(() => this.#follow());
    root.replaceChildren(this.heading, this.page);
    this.#show();
    root.dataset.state = "ready";
  }

  update(now, changed) {
    if (changed("dataset")) this.#begin();
    if (changed("dataset")) this.past = [];
    if (changed("dataset", "split", "pixels", "k", "cmap", "paper")) this.#show();
  }

  close() {
    this.reading?.abort();
    this.votes.rest();
    this.unwatch();
    removeEventListener("themechange", this.refresh);
    this.root.removeEventListener("keydown", this.undoes);
  }

  focus() {
    this.pad.focus();
  }

  #build() {
    this.facts = make("p", { class: "muted" });
    this.heading = make("div", { class: "heading" }, make("h1", {}, "Draw a digit"), this.facts);
    this.fault = make("p", { class: "fault", role: "alert" });
    this.said = make("p", { class: "hint said", role: "status" });
    const keys = make("p", { class: "hint keys-hint", id: "pad-keys" }, KEYS);
    this.tools = this.#tools();
    const pad = make("div", { class: "drawing" }, this.fault, this.pad.element, this.said, this.tools.element, keys);
    const answer = make("section", { class: "card", "aria-label": "Neighbours" }, this.#amount(), this.votes.element);
    this.page = make("div", { class: "draw-page" }, make("div", { class: "draw-columns" }, pad, answer));
  }

  #tools() {
    return new PadTools({
      erase: (on) => (this.pad.erases = on),
      undo: () => this.#undo(),
      clear: () => this.#clear(),
      settle: () => this.#settle(),
      take: (file) => this.#take(file),
      start: () => this.#start(this.active.index),
      choose: (index) => this.active.move(index),
      total: () => this.total,
    });
  }

  /** How many neighbours are asked for. */
  #amount() {
    this.k = new NumberField({
      id: "k",
      read: readNeighbours,
      rule: () => NEIGHBOURS_RULE,
      enter: (k) => change({ k }),
    });
    return make("div", { class: "amount" }, make("label", { for: "k" }, "Neighbours"), this.k.input, this.k.fault);
  }

  get card() {
    return this.active.cardOf(state());
  }

  get total() {
    return this.card.splits[state().split].count;
  }

  #show() {
    const now = state();
    const { card } = this;
    const name = `${title(now.dataset)} ${now.split}`;
    const placement = placementOf(now.dataset);
    const look = lookOf(now);
    this.raster = rasterOf(card);
    this.drawing = this.#read(now.pixels);
    const { drawing } = this;
    this.facts.textContent = `The nearest of the ${count(this.total)} samples of ${name}, by Euclidean distance on raw pixels, vote for its label.`;
    this.pad.show(drawing, this.raster, look, placement?.share);
    this.tools.show({ blank: isBlank(drawing), undoes: this.past.length > 0, settles: placement?.name });
    this.k.show(now.k);
    this.#follow();
    if (isBlank(drawing)) return this.votes.clear("The pad is empty: draw a digit on it, or start from a sample.");
    const split = `${now.dataset}/${now.split}`;
    return this.votes.show({ split, drawing, k: now.k, card, look, opened: now.sample });
  }

  /** The drawing of a text; one that is none leaves the address, and the page says so until something is drawn. */
  #read(text) {
    const { drawing, fault } = read(text, this.raster);
    if (fault || text) this.fault.textContent = fault ? `${fault} Draw a new one, or start from a sample.` : "";
    if (fault) change({ pixels: null }, { quietly: true });
    return drawing;
  }

  /** Name the active sample, and mark it if it is an open neighbour. */
  #follow() {
    this.tools.name(this.active.index);
    this.votes.mark(state().sample);
  }

  /** The drawing is about to change. */
  #begin() {
    this.reading?.abort();
    this.votes.rest();
    this.fault.textContent = "";
    this.#tell("");
  }

  /** This is the drawing now. */
  #commit(drawing) {
    const pixels = write(drawing);
    const before = state().pixels;
    if (pixels === before) return this.#show();
    this.past = remember(this.past, before);
    return change({ pixels }, { quietly: true });
  }

  #undo() {
    if (this.past.length === 0) return this.#tell("There is nothing to undo.");
    this.#begin();
    const pixels = this.past.at(-1);
    this.past = this.past.slice(0, -1);
    return change({ pixels }, { quietly: true });
  }

  #clear() {
    if (isBlank(this.drawing)) return this.#tell("The pad is empty already.");
    this.#begin();
    return this.#commit(blank(this.raster));
  }

  #settle() {
    if (isBlank(this.drawing)) return this.#tell("Draw first: there is no ink to move.");
    this.#begin();
    const { drawing, kept } = settle(this.drawing, this.raster, placementOf(state().dataset));
    this.#commit(drawing);
    return this.#tell(kept ? "Moved as far to the middle as the ink stays within the image." : "Scaled, and moved to the middle.");
  }

  async #start(index) {
    this.#begin();
    this.reading = new AbortController();
    const { signal } = this.reading;
    const { dataset, split } = state();
    try {
      const { image } = await this.service.sample(`${dataset}/${split}`, index, { signal });
      if (signal.aborted) return;
      this.#commit(Uint8Array.from(image.flat()));
      this.#tell(`Sample ${count(index)} is on the pad: change it, and see when its neighbours do.`);
    } catch (error) {
      if (!signal.aborted) this.#fail(`Sample ${count(index)} did not come: ${error.message} Try again.`);
    }
  }

  /** Put a picture on the pad. */
  async #take(file) {
    this.#begin();
    this.reading = new AbortController();
    const { signal } = this.reading;
    const { raster } = this;
    try {
      const { readPicture } = await import("./picture.js");
      const picture = await readPicture(file);
      if (signal.aborted) return;
      const { drawing, inverted } = fromPicture(picture, raster);
      this.#commit(drawing);
      this.#tell(describe(picture.original, raster, inverted));
    } catch (error) {
      if (!signal.aborted) this.#fail(error.message);
    }
  }

  /** The drawing stays what it is, for this reason. */
  #fail(reason) {
    this.#tell(reason);
    this.#show();
  }

  #press(event) {
    const writing = event.target instanceof HTMLInputElement && event.target.type === "text";
    const undoes = event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey;
    if (writing || !undoes) return;
    event.preventDefault();
    this.#undo();
  }

  #tell(text) {
    this.said.textContent = text;
  }
}

/** What was done to a picture to make a drawing of it. */
function describe({ width, height }, raster, inverted) {
  const fits = width === raster.width && height === raster.height;
  const scaled = `The picture of ${width} × ${height} pixels was scaled to ${raster.width} × ${raster.height}`;
  const turned = "its edge is bright, so dark became ink";
  if (fits) return inverted ? `The picture was inverted: ${turned}.` : "The picture is on the pad as it is.";
  return inverted ? `${scaled} and inverted: ${turned}.` : `${scaled}.`;
}
