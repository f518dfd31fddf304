// The lasso of the map: while it is on, dragging draws a loop around samples.

import { make } from "./make.js";

export class Lasso {
  /** `changed()` is called when the loop or the mode changed, `caught(loop)` when a loop is complete. */
  constructor({ changed, caught }) {
    Object.assign(this, { changed, caught, loop: [], used: false }); // used: whether anything was drawn in this mode
    const about = { type: "button", class: "button small toggle", "aria-pressed": "false", title: HELP };
    this.button = make("button", { ...about, onclick: () => this.turn(!this.on) }, "Lasso");
  }

  get on() {
    return this.button.getAttribute("aria-pressed") === "true";
  }

  /** Turn the mode on or off. */
  turn(on) {
    this.used = false;
    this.button.setAttribute("aria-pressed", on);
    this.loop = [];
    this.listening?.abort();
    if (on) this.#listen();
    this.changed();
  }

  /** Escape ends the mode, wherever the focus is, and does nothing else then. */
  #listen() {
    this.listening = new AbortController();
    const press = (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      this.turn(false);
    };
    addEventListener("keydown", press, { capture: true, signal: this.listening.signal });
  }

  /** The pointer drew from one place to another. */
  stroke(from, to) {
    if (this.loop.length === 0) this.loop.push(from);
    this.used = true;
    this.loop.push(to);
    this.changed();
  }

  /** The stroke ended; unless it is complete, the loop is dropped. */
  end({ complete }) {
    const { loop } = this;
    this.loop = [];
    if (complete && loop.length > 2) this.caught(loop);
    this.changed();
  }
}

/** What the mode does, in words. */
export const HELP = "Draw around samples to pick them, or around picked ones to put them back.";
