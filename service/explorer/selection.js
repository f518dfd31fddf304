// Which samples a view is about, in which order. Knows nothing of the page.

import { MOST_PICKED } from "./address.js";
import { count } from "./make.js";

const MAPPED = 2_000; // samples that the map can hold
const DRAW_SEED = "1"; // draws them, unless a seed or an order is chosen
const PAGE = 5_000; // samples of a page of an order
const COLUMNS = 100; // of the sheet that such a page describes

/** The views in which labels and an order can be chosen. What a view does not show does not choose its samples. */
export const CHOOSING = ["samples", "map"];

/** The labels with one more, or without it if it was among them. */
export const toggled = (labels, label) =>
  labels.includes(label) ? labels.filter((one) => one !== label) : [...labels, label].sort((a, b) => a - b);

/** A basket with more samples, each once; null if they are more than it holds. */
export function join(basket, more) {
  const every = new Set(basket);
  for (let place = 0; place < more.length && every.size <= MOST_PICKED; place++) every.add(more[place]);
  return every.size > MOST_PICKED ? null : [...every];
}

/** A basket without some samples. */
export function without(basket, some) {
  const gone = new Set(some);
  return basket.filter((index) => !gone.has(index));
}

/** Whether a state is about the basket alone, so that labels and an order do not apply. */
export const isBasket = (state) => CHOOSING.includes(state.view) && state.only && state.index.length > 0;

/**
 * The selection of a state, { split, parameters, count, total, plain, drawn, key }: `parameters` are those of the
 * interface, `total` how many samples they leave, `count` how many of these the view takes, `plain` whether the
 * position of a sample is its index, `drawn` whether the view takes a part only, `key` what tells selections apart.
 */
export function selectionOf(state, card) {
  const basket = isBasket(state);
  const chooses = CHOOSING.includes(state.view) && !basket;
  const split = `${state.dataset}/${state.split}`;
  const label = chooses ? state.label : [];
  const total = basket ? state.index.length : totalOf(card.splits[state.split], label, card.classes);
  const drawn = state.view === "map" && total > MAPPED;
  const oddest = chooses && state.order === "oddest";
  const seed = !chooses || oddest ? null : (state.seed ?? (drawn ? DRAW_SEED : null));
  const parameters = {
    ...(basket ? { index: state.index } : {}),
    ...(label.length ? { label } : {}),
    ...(seed === null ? {} : { seed }),
    ...(oddest ? { order: "oddest" } : {}),
  };
  const taken = drawn ? MAPPED : total;
  return Object.freeze({
    split,
    parameters,
    count: taken,
    total,
    drawn,
    plain: Object.keys(parameters).length === 0,
    key: JSON.stringify([split, parameters, taken, card.rev]),
  });
}

function totalOf({ count: all, labels }, label, classes) {
  return label.length ? label.reduce((sum, one) => sum + (labels[classes[one]] ?? 0), 0) : all;
}

/** The selection in words: "6,131 samples labelled 3, shuffled with seed 7". */
export function describe({ parameters: { index, label = [], seed, order }, count: taken, total, drawn }) {
  if (index) return total === 1 ? "1 picked sample" : `${count(total)} picked samples, in the order of picking`;
  const which = label.length
    ? ` labelled ${new Intl.ListFormat("en-GB", { type: "disjunction" }).format(label.map(String))}`
    : "";
  if (drawn) {
    const how = order === "oddest" ? "the oddest of them" : `drawn with seed ${seed}`;
    return `${count(taken)} of ${samples(total)}${which}, ${how}`;
  }
  const shuffled = seed === undefined ? "in file order" : `shuffled with seed ${seed}`;
  return `${samples(total)}${which}, ${order === "oddest" ? "the oddest first" : shuffled}`;
}

const samples = (number) => `${count(number)} ${number === 1 ? "sample" : "samples"}`;

/**
 * The order of a selection: which sample stands at which position. It is learned from what is shown anyway, and asked
 * of the service only if the position of a sample is needed that has not been shown.
 */
export class SampleOrder {
  constructor(service, selection, rev) {
    Object.assign(this, { service, selection, rev });
    this.indices = new Map(); // by position
    this.positions = new Map(); // by index
    this.asking = null;
    if (selection.parameters.index) this.learn(0, selection.parameters.index);
  }

  /** The samples from `offset` on have these indices. */
  learn(offset, indices) {
    if (this.selection.plain) return;
    indices.forEach((index, place) => {
      this.indices.set(offset + place, index);
      this.positions.set(index, offset + place);
    });
  }

  /** The index of the sample at a position; undefined while it is not known. */
  indexAt(position) {
    return this.selection.plain ? position : this.indices.get(position);
  }

  /** The position of a sample; -1 if the selection does not contain it. Rejects if the service does not answer. */
  async positionOf(index) {
    if (this.selection.plain) return index;
    if (!this.positions.has(index) && this.indices.size < this.selection.count) await this.#load(index);
    return this.positions.get(index) ?? -1;
  }

  /** The indices of the samples from one position to another, both included; asked for if they are not known. */
  async between(first, last) {
    const positions = Array.from({ length: last - first + 1 }, (_, place) => first + place);
    if (positions.some((position) => this.indexAt(position) === undefined)) await this.#page(first, positions.length);
    return positions.map((position) => this.indexAt(position));
  }

  #load(index) {
    const load = this.selection.parameters.order === "oddest" ? () => this.#search(index) : () => this.#whole();
    this.asking ??= load().finally(() => (this.asking = null));
    return this.asking;
  }

  async #whole() {
    const { split, parameters, count } = this.selection;
    const query = { ...parameters, ...(parameters.seed === undefined ? { shuffle: false } : {}), rev: this.rev };
    const { order } = await this.service.json(`v1/datasets/${split}/order`, query);
    this.learn(0, order.slice(0, count));
  }

  /** Read the order page by page, from its start, until a sample is found: the service tells the oddest in no other way. */
  async #search(index) {
    const { count } = this.selection;
    for (let offset = 0; offset < count && !this.positions.has(index); offset += PAGE) {
      await this.#page(offset, Math.min(PAGE, count - offset));
    }
  }

  async #page(offset, limit) {
    const { split, parameters } = this.selection;
    const query = { ...parameters, offset, limit, columns: Math.min(limit, COLUMNS), rev: this.rev };
    const { tiles } = await this.service.grid(split, query);
    this.learn(
      offset,
      tiles.map(({ index }) => index),
    );
  }
}
