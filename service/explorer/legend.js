// The legend of the map: the colour of each label, and buttons that choose labels.

import { make } from "./make.js";
import { colourOf } from "./marks.js";
import { isBasket, toggled } from "./selection.js";
import { change, state } from "./state.js";

export class Legend {
  constructor() {
    this.dataset = null; // whose labels are shown
    this.list = make("ul", { class: "labels", "aria-label": "Labels" });
    this.everything = make("button", { type: "button", class: "link", onclick: () => this.#all() }, "All labels");
    this.element = make("div", { class: "legend" }, this.list, this.everything);
  }

  /** Show the labels of a dataset, and which are chosen; the buttons stay, so that the focus does. */
  show(now, card) {
    if (this.dataset !== card.name) {
      this.dataset = card.name;
      this.list.replaceChildren(...card.classes.map((name, label) => make("li", {}, entry(name, label))));
    }
    for (const button of this.list.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", now.label.includes(Number(button.value)) && !isBasket(now));
      button.disabled = isBasket(now);
      button.firstChild.style.background = colourOf(Number(button.value));
    }
    this.everything.hidden = now.label.length === 0 || isBasket(now);
  }

  /** Choose all labels; the button goes away then, so the focus goes to the first label. */
  #all() {
    this.list.querySelector("button").focus();
    change({ label: [] });
  }
}

function entry(name, label) {
  const toggle = () => change({ label: toggled(state().label, label) });
  const about = { type: "button", value: label, "aria-label": `Label ${name}`, onclick: toggle };
  return make("button", about, make("i"), name);
}
