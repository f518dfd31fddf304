// How to use the selection that is shown: code and addresses.

import { CodeBlock } from "./code.js";
import { make, title } from "./make.js";
import { link, section } from "./sample.js";
import { describe } from "./selection.js";
import { lookOf } from "./state.js";

const FILES = ["parquet", "csv", "npz", "arrow"];
const PAGE = 10_000; // samples of a contact sheet, at most

export class SelectionDetails {
  constructor({ service }) {
    this.service = service;
    this.lead = make("p", { class: "lead" });
    this.code = new CodeBlock(service);
    this.links = make("ul", { class: "links" });
    const parts = [section("Code", this.code.element), section("Addresses", this.links)];
    this.element = make("div", { class: "use" }, this.lead, parts);
  }

  /** Show how to use a selection. */
  show(now, card, selection) {
    const { split, parameters, count, drawn } = selection;
    const name = `${title(now.dataset)} ${now.split}`;
    this.lead.textContent = `${name}: ${describe(selection)}. The same address always gives the same samples in the same order.`;
    this.code.show({ split, parameters, count, drawn, card });
    const page = { ...parameters, ...(drawn ? { limit: Math.min(count, PAGE) } : {}), rev: card.rev };
    const whole = Object.keys(parameters).length === 0;
    this.links.replaceChildren(
      link("Rows", this.service.url(`v1/datasets/${split}/rows`, drawn ? { ...page, format: "npz" } : page)),
      link("Contact sheet", this.service.gridUrl(split, { ...page, ...lookOf(now) })),
      ...(whole ? FILES.map((kind) => this.#file(split, kind, card.rev)) : []),
    );
  }

  #file(split, kind, rev) {
    return link(kind, this.service.url(`v1/datasets/${split}.${kind}`, { rev }));
  }
}
