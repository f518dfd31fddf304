// The pad on the page: pointers and keys put ink on a drawing, which is shown pixel by pixel. A drawing that was changed
// is given away; what is shown then is what comes back.

import { draw } from "../client.js";
import { make, watchKeys } from "./make.js";
import { stroke } from "./pad.js";

const ERASER = 32; // in `buttons` of a pen's pointer events: its other end
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const ERASING = ["Backspace", "Delete", "x", "X"];

/** What keys do on the pad. */
export const KEYS =
  "Arrow keys move from cell to cell and draw with Shift. Space inks a cell, X or Backspace erases it, Ctrl and Z undo.";

export class PadCanvas {
  /** `begin()` is called before a drawing changes, `end(drawing)` after it; `tell(text)` says what a key did. */
  constructor({ begin, end, tell }) {
    Object.assign(this, { begin, end, tell, erases: false, pen: null, cell: null });
    const about = { role: "application", "aria-describedby": "pad-keys", "aria-keyshortcuts": "Space X Backspace Control+Z" };
    this.canvas = make("canvas", { class: "ink", tabIndex: 0, ...about });
    this.box = make("div", { class: "pad-box", "aria-hidden": "true" });
    this.mark = make("div", { class: "pad-cell", hidden: true, "aria-hidden": "true" });
    this.element = make("div", { class: "pad" }, this.canvas, this.box, this.mark);
    this.keyed = watchKeys(this.canvas, () => this.#point());
    this.canvas.addEventListener("pointerdown", (event) => this.#down(event));
    this.canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
      this.canvas.addEventListener(name, (event) => this.#up(event));
    }
    this.canvas.addEventListener("keydown", (event) => this.#press(event));
  }

  /** Show a drawing in the colours of a look, with the box around the digits if they fill only a `share` of the image. */
  show(drawing, raster, { cmap = "gray", invert = false } = {}, share = 1) {
    const { width, height } = raster;
    if (this.raster?.width !== width) this.cell = { column: Math.floor(width / 2), row: Math.floor(height / 2) };
    if (this.raster?.width !== width) this.pen = null;
    Object.assign(this, { raster, look: { cmap, invert } });
    if (!this.pen) this.drawing = drawing; // a stroke goes on over what it began with
    this.canvas.setAttribute("aria-label", `Drawing pad, ${height} rows of ${width} cells`);
    this.element.style.setProperty("--columns", width);
    this.element.style.setProperty("--rows", height);
    this.box.hidden = share === 1;
    this.box.style.inset = `${50 * (1 - share)}%`;
    this.#paint();
    this.#point();
  }

  focus() {
    this.canvas.focus();
  }

  #paint() {
    const { width, peak } = this.raster;
    draw(this.canvas, this.drawing, { ...this.look, peak, width });
  }

  #point() {
    if (!this.cell) return;
    this.mark.hidden = !this.keyed();
    this.mark.style.translate = `${100 * this.cell.column}% ${100 * this.cell.row}%`;
  }

  #placeOf({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    const { width, height } = this.raster;
    return { x: ((clientX - box.left) / box.width) * width, y: ((clientY - box.top) / box.height) * height };
  }

  #down(event) {
    if (this.pen || !event.isPrimary || (event.pointerType === "mouse" && event.button !== 0)) return;
    this.begin();
    this.canvas.setPointerCapture(event.pointerId);
    const erase = this.erases || (event.buttons & ERASER) !== 0;
    this.pen = { id: event.pointerId, at: this.#placeOf(event), erase };
    this.#draw(this.pen.at, this.pen.at, erase);
  }

  #move(event) {
    if (event.pointerId !== this.pen?.id) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) {
      const at = this.#placeOf(one);
      this.#draw(this.pen.at, at, this.pen.erase);
      this.pen.at = at;
    }
  }

  #up(event) {
    if (event.pointerId !== this.pen?.id) return;
    this.pen = null;
    this.end(this.drawing);
  }

  #draw(from, to, erase) {
    this.drawing = stroke(this.drawing, this.raster, from, to, { erase });
    this.#paint();
  }

  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.pen) return;
    const from = this.#middle();
    const moves = Object.hasOwn(MOVES, event.key);
    const erases = ERASING.includes(event.key);
    if (!moves && !erases && event.key !== " ") return;
    event.preventDefault();
    if (moves) this.#go(MOVES[event.key]);
    if (!moves || event.shiftKey) {
      this.begin();
      this.#draw(from, this.#middle(), erases || (moves && this.erases));
      this.end(this.drawing);
    }
    this.#tellCell();
  }

  #middle() {
    return { x: this.cell.column + 0.5, y: this.cell.row + 0.5 };
  }

  #go([across, down]) {
    const within = (place, size) => Math.max(0, Math.min(size - 1, place));
    const { width, height } = this.raster;
    this.cell = { column: within(this.cell.column + across, width), row: within(this.cell.row + down, height) };
    this.#point();
  }

  #tellCell() {
    const { column, row } = this.cell;
    const value = this.drawing[row * this.raster.width + column];
    this.tell(`Row ${row}, column ${column}: ${value === 0 ? "empty" : value}`);
  }
}
