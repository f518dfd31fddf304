// Code: one snippet at a time, and a button that copies it.

import { copyButton, make } from "./make.js";
import { answerSnippets, snippets } from "./snippets.js";

let chosen = null; // the tool shown last stays shown, wherever code is shown next

const SIMILAR = { Python: "pandas", pandas: "Python", NumPy: "Python", Keras: "Python", torch: "Python" };

export class CodeBlock {
  /** `name` is what the code is called where there is more of it on the page. */
  constructor(service, { name = "Code" } = {}) {
    this.service = service;
    this.text = make("pre", { tabIndex: 0, role: "region", "aria-label": name });
    this.tabs = make("div", { class: "tools-list" });
    const copy = copyButton(() => this.snippets[this.name], "code");
    this.element = make("div", { class: "code" }, make("div", { class: "code-head" }, this.tabs, copy), this.text);
  }

  /**
   * Show code that fetches `count` samples of a split, chosen by the parameters of `rows`; the first of them if they
   * are `drawn`. `look` is how pictures are drawn.
   */
  show({ split, parameters, count, drawn = false, card, look = {} }) {
    const { rev, image_shape: image, range } = card;
    this.#fill(snippets(this.service, { split, parameters, total: count, drawn, rev, image, peak: range[1], look }));
  }

  /** Show code that reads the answer to a request: see `answerSnippets`. */
  showAnswer(what) {
    this.#fill(answerSnippets(what));
  }

  #fill(found) {
    this.snippets = found;
    const names = Object.keys(found);
    if (names.join() !== [...this.tabs.children].map((tab) => tab.value).join()) {
      this.tabs.replaceChildren(...names.map((name) => this.#tab(name)));
    }
    this.#choose([chosen, SIMILAR[chosen], names[0]].find((name) => names.includes(name)));
  }

  #tab(name) {
    const choose = () => {
      chosen = name;
      this.#choose(name);
    };
    return make("button", { type: "button", class: "tab", value: name, onclick: choose }, name);
  }

  #choose(name) {
    this.name = name;
    this.text.textContent = this.snippets[name];
    for (const tab of this.tabs.children) tab.setAttribute("aria-pressed", tab.value === name);
  }
}
