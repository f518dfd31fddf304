// How to use the selection that is shown: code, files, addresses, and the view in a page of somebody else.

import { CodeBlock } from "./code.js";
import { Embedding } from "./embed.js";
import { copyButton, make, title } from "./make.js";
import { answerOf } from "./request.js";
import { link, section } from "./sample.js";
import { CHOOSING, describe } from "./selection.js";
import { fileQuery, FILES } from "./snippets.js";
import { addressOf, lookOf } from "./state.js";

const PAGE = 10_000; // samples of a contact sheet, at most

export class SelectionDetails {
  constructor({ service }) {
    this.service = service;
    this.lead = make("p", { class: "lead" });
    this.code = new CodeBlock(service);
    this.files = make("ul", { class: "links" });
    this.links = make("ul", { class: "links" });
    this.embedding = new Embedding();
    const parts = [
      section("Code", this.code.element),
      section("Download", this.files),
      section("Addresses", this.links),
      section("Embed", this.embedding.element),
    ];
    this.element = make("div", { class: "use" }, this.lead, parts);
  }

  /** Show how to use a selection. */
  show(now, card, selection) {
    const { split, parameters, count, drawn } = selection;
    const look = lookOf(now);
    const name = `${title(now.dataset)} ${now.split}: ${describe(selection)}`;
    this.lead.textContent = `${name}. The same address always gives the same samples in the same order.`;
    const answer = CHOOSING.includes(now.view) ? null : answerOf(this.service, now, { selection, card, look });
    if (answer) this.code.showAnswer(answer);
    else this.code.show({ split, parameters, count, drawn, card, look });
    const query = fileQuery({ parameters, total: count, drawn, rev: card.rev });
    this.files.replaceChildren(...Object.entries(FILES).map(([suffix, kind]) => this.#file(split, suffix, kind, query)));
    const page = { ...parameters, ...(drawn ? { limit: Math.min(count, PAGE) } : {}), rev: card.rev };
    this.links.replaceChildren(
      link("This view", addressOf({ ...now, use: false, embed: false })),
      link("Rows", this.service.url(`v1/datasets/${split}/rows`, drawn ? { ...page, format: "npz" } : page)),
      link("Contact sheet", this.service.gridUrl(split, { ...page, ...look })),
    );
    this.embedding.show(addressOf({ ...now, use: false, embed: true }), name);
  }

  /** A file with exactly the selection. */
  #file(split, suffix, kind, query) {
    const url = this.service.url(`v1/datasets/${split}.${suffix}`, query);
    const load = make("a", { href: url, download: "" }, kind);
    return make("li", {}, load, copyButton(url, `address of ${kind}`));
  }
}
