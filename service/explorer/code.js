// Code in the panel: one snippet at a time, and a button that copies it.

import { copyButton, make } from "./make.js";
import { snippets, TOOLS } from "./snippets.js";

let chosen = TOOLS[0]; // the tool shown last stays shown, wherever code is shown next

export class CodeBlock {
  constructor(service) {
    this.service = service;
    this.text = make("pre", { tabIndex: 0, role: "region", "aria-label": "Code" });
    this.tabs = TOOLS.map((name) =>
      make("button", { type: "button", class: "tab", value: name, onclick: () => this.#choose(name) }, name),
    );
    const copy = copyButton(() => this.snippets[chosen], "code");
    const head = make("div", { class: "code-head" }, make("div", { class: "tools-list" }, this.tabs), copy);
    this.element = make("div", { class: "code" }, head, this.text);
  }

  /** Show code that fetches `count` samples of a split, chosen by the parameters of `rows`. */
  show({ split, parameters, count, drawn = false, card }) {
    const what = { split, parameters, total: count, drawn, rev: card.rev, image: card.image_shape, peak: card.range[1] };
    this.snippets = snippets(this.service, what);
    this.#choose(chosen);
  }

  #choose(name) {
    chosen = name;
    this.text.textContent = this.snippets[name];
    for (const tab of this.tabs) tab.setAttribute("aria-pressed", tab.value === name);
  }
}
