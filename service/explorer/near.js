// The nearest neighbours of a sample. Finding them costs the service a scan of the split, so they are asked for only
// when a sample has been shown for a moment.

import { failure } from "./failure.js";
import { decimal, make } from "./make.js";
import { lookOf } from "./state.js";

const NEIGHBOURS = 12;
const PAUSE = 300; // milliseconds
const SIDE = 48; // CSS pixels of a picture

export class Neighbours {
  /** `open(index)` opens a neighbour; `active` takes those that were found. */
  constructor({ service, active, open }) {
    Object.assign(this, { service, active, open });
    this.hint = make("p", { class: "hint" });
    this.element = make("div", { class: "near" });
  }

  /** Show the neighbours of a sample, soon. */
  show(found, card, now) {
    this.rest();
    this.hint.textContent = `Euclidean distance on raw pixels, among all of ${now.split}`;
    this.#wait();
    this.waiting = setTimeout(() => this.#ask(found, card, now), PAUSE);
  }

  /** Ask for nothing, and wait for nothing. */
  rest() {
    clearTimeout(this.waiting);
    this.asking?.abort();
  }

  #wait() {
    this.element.setAttribute("aria-busy", "true");
    const thumb = () => make("span", { class: "thumb waiting" });
    this.element.replaceChildren(...Array.from({ length: NEIGHBOURS }, thumb));
  }

  async #ask(found, card, now) {
    this.asking = new AbortController();
    const { signal } = this.asking;
    const split = `${now.dataset}/${now.split}`;
    try {
      const near = await this.service.neighbors(split, found.index, { k: NEIGHBOURS, signal });
      if (signal.aborted) return;
      this.active.meet(split, found.index, near);
      const look = { ...lookOf(now), rev: card.rev };
      this.element.replaceChildren(...near.map((one) => this.#button(one, found.label, split, look)));
      this.element.removeAttribute("aria-busy");
    } catch (error) {
      if (!signal.aborted) this.element.replaceChildren(failure(error, () => this.show(found, card, now)));
    }
  }

  #button({ index, label, distance }, same, split, look) {
    const src = this.service.pictureUrl(split, index, look);
    return make(
      "button",
      { type: "button", class: "neighbour", onclick: () => this.open(index) },
      make("img", { src, width: SIDE, height: SIDE, alt: `Sample ${index}, label` }),
      make("span", { class: label === same ? "" : "other" }, `${label}`),
      make("small", { title: "distance" }, distance < 100 ? decimal(distance, 1) : Math.round(distance)),
    );
  }
}
