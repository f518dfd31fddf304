// What the neighbours of a drawing say: the vote of their labels, and the neighbours themselves. They are asked for when
// the drawing has rested for a moment.

import { failure } from "./failure.js";
import { decimal, make } from "./make.js";

const PAUSE = 300; // milliseconds
const SIDE = 56; // CSS pixels of a picture

export class Votes {
  /** `open(index)` opens a neighbour. */
  constructor({ service, open }) {
    Object.assign(this, { service, open, key: null, answer: null });
    this.verdict = make("h2", {});
    this.said = make("div", { role: "status" }, this.verdict);
    this.bars = make("dl", { class: "votes" });
    this.nearest = make("div", { class: "nearest" });
    this.hint = make("p", { class: "hint" }, "The nearest first, with their labels and distances");
    this.found = make("div", { class: "found", hidden: true }, this.bars, this.hint, this.nearest);
    this.trouble = make("div");
    this.element = make("div", { class: "answer" }, this.said, this.trouble, this.found);
  }

  /** Show the neighbours of a drawing, soon: `what` is { split, drawing, k, card, look, opened }. */
  show(what) {
    const key = this.service.neighborsUrl(what.split, what.drawing, { k: what.k, rev: what.card.rev });
    Object.assign(this, { what });
    if (key === this.key && this.answer) return this.#fill();
    if (key === this.key) return undefined;
    this.rest();
    this.key = key;
    this.element.setAttribute("aria-busy", "true");
    if (this.found.hidden) this.verdict.textContent = "Looking for its neighbours…";
    this.waiting = setTimeout(() => this.#ask(), PAUSE);
    return undefined;
  }

  /** Show a sentence instead of neighbours. */
  clear(text) {
    this.rest();
    this.#finish(text);
    this.found.hidden = true;
  }

  /** Ask for nothing, and wait for nothing: the drawing is about to change. */
  rest() {
    clearTimeout(this.waiting);
    this.asking?.abort();
    Object.assign(this, { key: null, answer: null });
  }

  /** Mark the neighbour that is open. */
  mark(index) {
    for (const one of this.nearest.children) {
      if (one.value === String(index)) one.setAttribute("aria-current", "true");
      else one.removeAttribute("aria-current");
    }
  }

  async #ask() {
    this.asking = new AbortController();
    const { signal } = this.asking;
    const { split, drawing, k, card } = this.what;
    try {
      const answer = await this.service.neighborsOf(split, drawing, { k, rev: card.rev, signal });
      if (signal.aborted) return;
      this.answer = answer;
      this.#finish(verdictOf(answer));
      this.#fill();
    } catch (error) {
      if (signal.aborted) return;
      this.clear("");
      this.trouble.replaceChildren(failure(error, () => this.show(this.what)));
    }
  }

  #finish(text) {
    this.verdict.textContent = text;
    this.trouble.replaceChildren();
    this.element.removeAttribute("aria-busy");
  }

  #fill() {
    const { votes, neighbors } = this.answer;
    this.bars.replaceChildren(...Object.entries(votes).map((vote) => bar(vote, neighbors.length)));
    const focused = [...this.nearest.children].indexOf(document.activeElement);
    this.nearest.replaceChildren(...this.#tiles(neighbors));
    if (focused >= 0) this.nearest.children[Math.min(focused, neighbors.length - 1)].focus();
    this.found.hidden = false;
    this.mark(this.what.opened);
  }

  /** The neighbours as buttons; their pictures come as one. */
  #tiles(neighbors) {
    const { split, card, look } = this.what;
    const index = neighbors.map((one) => one.index);
    const query = { index, limit: index.length, columns: index.length, ...look, rev: card.rev };
    const sheet = this.service.gridUrl(split, query);
    return neighbors.map((one, place) => this.#tile(one, place, neighbors.length, sheet));
  }

  #tile({ index, label, distance }, place, all, sheet) {
    const picture = make("span", { class: "picture", role: "img", "aria-label": `Sample ${index}, label` });
    picture.style.backgroundImage = `url("${sheet}")`;
    picture.style.backgroundSize = `${all * SIDE}px ${SIDE}px`;
    picture.style.backgroundPosition = `${-place * SIDE}px 0`;
    const distant = distance < 100 ? decimal(distance, 1) : Math.round(distance);
    return make(
      "button",
      { type: "button", value: index, onclick: () => this.open(index) },
      picture,
      make("b", {}, `${label}`),
      make("small", { title: "distance" }, distant),
    );
  }
}

/** The label that most neighbours have, in words. */
export function verdictOf({ votes, neighbors }) {
  const all = neighbors.length;
  const most = Math.max(...Object.values(votes));
  const labels = Object.keys(votes).filter((label) => votes[label] === most);
  const names = new Intl.ListFormat("en-GB").format(labels);
  if (labels.length === 1) return `${most} of ${all} ${most === 1 ? "says" : "say"} ${names}`;
  return `${names} have ${most} of ${all} ${most === 1 ? "vote" : "votes"} each`;
}

function bar([label, votes], all) {
  const fill = make("i");
  fill.style.height = `${(100 * votes) / all}%`;
  return make("div", votes ? {} : { class: "none" }, make("dt", {}, label), make("dd", {}, make("span", {}, `${votes}`), fill));
}
