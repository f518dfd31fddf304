// The elements of the map: its heading, the stage with its canvas, and the buttons on it.

import { HELP } from "./lasso.js";
import { make } from "./make.js";

const KEYS =
  "Arrow keys go from sample to sample, Enter opens one, P picks it. Shift and arrow keys move the map, + and − enlarge.";

export class MapStage {
  /** Fill `root`; `enlarge(by)` and `whole()` are what buttons do. The other parts have an `element` or a `button`. */
  constructor(root, { kinds, legend, tip, lasso, enlarge, whole }) {
    this.heading = make("h1", {});
    this.facts = make("p", { class: "muted" });
    this.canvas = make("canvas", {
      class: "sky",
      tabIndex: 0,
      role: "application",
      "aria-label": "Map of samples",
      "aria-describedby": "map-keys",
      "aria-keyshortcuts": "ArrowLeft ArrowRight ArrowUp ArrowDown Enter P + - 0",
    });
    this.spoken = make("p", { class: "unseen", role: "status" });
    const keys = make("p", { class: "keys", id: "map-keys" }, KEYS);
    const help = make("p", { class: "keys lassoing", "aria-hidden": "true" }, HELP);
    this.parts = [this.canvas, keys, help, tip.element, zoom(lasso, enlarge, whole), this.spoken];
    this.element = make("div", { class: "stage" }, this.parts);
    const line = make("div", { class: "heading-line" }, this.heading, kinds.element);
    root.append(make("div", { class: "heading" }, line, this.facts, legend.element), this.element);
  }

  get size() {
    return { width: this.element.clientWidth, height: this.element.clientHeight };
  }

  /** Show what went wrong in place of the map. */
  fail(failure) {
    this.element.replaceChildren(failure);
  }

  /** Show the map again after a failure; otherwise its parts stay where they are, and the focus with them. */
  restore() {
    if (this.canvas.parentNode !== this.element) this.element.replaceChildren(...this.parts);
  }
}

function zoom(lasso, enlarge, whole) {
  const button = (text, name, onclick, kind = "icon") =>
    make("button", { type: "button", class: `button ${kind}`, "aria-label": name, onclick }, text);
  return make(
    "div",
    { class: "zoom" },
    lasso.button,
    button("+", "Enlarge", () => enlarge(1.5)),
    button("−", "Reduce", () => enlarge(1 / 1.5)),
    button("Whole map", undefined, whole, "small"),
  );
}
