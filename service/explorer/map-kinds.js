// The kinds of maps: which of them there are, and what each means.

import { check, segments } from "./fields.js";
import { make, percent, title } from "./make.js";
import { change } from "./state.js";

const KINDS = [
  ["pca", "Principal components"],
  ["tsne", "t-SNE"],
];

/** What the places on a map mean, in words; `found` is the answer of the service. */
export function captionOf({ kind, dataset, explained }) {
  if (kind === "tsne") {
    const map = `placed by t-SNE, which was run on all of ${title(dataset)}`;
    return `${map}. Samples that look alike are near each other; directions and long distances have no meaning.`;
  }
  const share = `${percent(explained[0])} and ${percent(explained[1])} of the variance`;
  return `along the two directions in which the data differ most (principal components; ${share}).`;
}

/** The choice of a kind, where the service has more than one for a dataset. */
export class KindChoice {
  constructor(service) {
    this.service = service;
    this.dataset = null; // for which the kinds are known, or are being asked for
    this.element = make("div", { class: "kinds", hidden: true }, segments("kind", KINDS, (kind) => change({ kind })));
  }

  show(now, card) {
    check(this.element, "kind", now.kind);
    if (card.name === this.dataset) return;
    this.dataset = card.name;
    this.element.hidden = true;
    this.#ask(`${now.dataset}/${now.split}`, card);
  }

  /** The service refuses a kind that a dataset has not. */
  async #ask(split, card) {
    const query = { kind: "tsne", limit: 1, rev: card.rev };
    const offered = await this.service.projection(split, query).then(
      () => true,
      (error) => error.status !== 422, // what else went wrong says nothing of the kind
    );
    if (card.name === this.dataset) this.element.hidden = !offered;
  }
}
