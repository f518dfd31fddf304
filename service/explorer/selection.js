// Which samples a view is about, in which order. Knows nothing of the page.

import { count } from "./make.js";

const MAPPED = 2_000; // samples that the map can hold
const DRAW_SEED = "1"; // draws them, unless a seed is chosen

/** The views in which labels and an order can be chosen. What a view does not show does not choose its samples. */
export const CHOOSING = ["samples", "map"];

/**
 * The selection of a state, { split, parameters, count, total, plain, drawn, key }: `parameters` are those of the
 * interface, `total` how many samples they leave, `count` how many of these the view takes, `plain` whether the
 * position of a sample is its index, `drawn` whether the view takes a random part, `key` what tells selections apart.
 */
export function selectionOf(state, card) {
  const chooses = CHOOSING.includes(state.view);
  const split = `${state.dataset}/${state.split}`;
  const label = chooses ? state.label : [];
  const total = totalOf(card.splits[state.split], label, card.classes);
  const drawn = state.view === "map" && total > MAPPED;
  const seed = drawn ? (state.seed ?? DRAW_SEED) : chooses ? state.seed : null;
  const parameters = { ...(label.length ? { label } : {}), ...(seed === null ? {} : { seed }) };
  const taken = drawn ? MAPPED : total;
  return Object.freeze({
    split,
    parameters,
    count: taken,
    total,
    drawn,
    plain: label.length === 0 && seed === null,
    key: JSON.stringify([split, parameters, taken, card.rev]),
  });
}

function totalOf({ count: all, labels }, label, classes) {
  return label.length ? label.reduce((sum, one) => sum + (labels[classes[one]] ?? 0), 0) : all;
}

/** The selection in words: "6,131 samples labelled 3, shuffled with seed 7". */
export function describe({ parameters: { label = [], seed }, count: taken, total, drawn }) {
  const which = label.length
    ? ` labelled ${new Intl.ListFormat("en-GB", { type: "disjunction" }).format(label.map(String))}`
    : "";
  if (drawn) return `${count(taken)} of ${count(total)} samples${which}, drawn with seed ${seed}`;
  return `${count(total)} samples${which}, ${seed === undefined ? "in file order" : `shuffled with seed ${seed}`}`;
}

/**
 * The order of a selection: which sample stands at which position. It is learned from what is shown anyway, and asked
 * of the service as a whole only if the position of a sample is needed that has not been shown.
 */
export class SampleOrder {
  constructor(service, selection, rev) {
    Object.assign(this, { service, selection, rev });
    this.indices = new Map(); // by position
    this.positions = new Map(); // by index
    this.asking = null;
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
    if (!this.positions.has(index) && this.indices.size < this.selection.count) await this.#load();
    return this.positions.get(index) ?? -1;
  }

  #load() {
    const { split, parameters, count } = this.selection;
    const query = { ...parameters, ...(parameters.seed === undefined ? { shuffle: false } : {}), rev: this.rev };
    this.asking ??= this.service
      .json(`v1/datasets/${split}/order`, query)
      .then(({ order }) => this.learn(0, order.slice(0, count)))
      .finally(() => (this.asking = null));
    return this.asking;
  }
}
