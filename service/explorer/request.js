// The request behind a view: what it shows, as addresses of the interface. A line at its foot shows the main one, and
// unfolds into the others and into code that reads the same.

import { failure } from "./failure.js";
import { copyButton, make, style } from "./make.js";
import { COLUMNS, SHEET } from "./sheets.js";

/**
 * The requests behind the view of a state, the main one first, each as { name, path, parameters }; none while there is
 * nothing to ask for. `look` is how pictures are drawn.
 */
export function requestsOf(now, { selection, card, look }) {
  const path = `v1/datasets/${now.dataset}/${now.split}`;
  return REQUESTS[now.view](now, { path, selection, look, rev: card.rev });
}

const REQUESTS = {
  samples({ at }, { path, selection, look, rev }) {
    const offset = at - (at % SHEET);
    const sheet = { ...selection.parameters, ...look, rev, offset, limit: SHEET, columns: COLUMNS };
    return [
      { name: "Rows", path: `${path}/rows`, parameters: { ...selection.parameters, rev } },
      { name: "Picture", path: `${path}/grid.png`, parameters: sheet },
      { name: "Positions", path: `${path}/grid.json`, parameters: sheet },
    ];
  },
  labels: (now, { path, look, rev }) => [
    { name: "Labels", path: `${path}/labels`, parameters: { rev } },
    { name: "Mean of 0", path: `${path}/labels/0/mean.png`, parameters: { ...look, rev } },
    { name: "Spread of 0", path: `${path}/labels/0/std.png`, parameters: { ...look, rev } },
  ],
  statistics: (now, { path, rev }) => [{ name: "Statistics", path: `${path}/statistics`, parameters: { rev } }],
  map({ kind }, { path, selection, rev }) {
    const query = { ...selection.parameters, limit: selection.count, rev };
    return [
      { name: "Places", path: `${path}/projection`, parameters: { ...query, kind } },
      { name: "Picture", path: `${path}/grid.png`, parameters: { ...query, columns: MAP_COLUMNS, transparent: true } },
    ];
  },
  draw: ({ pixels, k }, { path, rev }) =>
    pixels === null ? [] : [{ name: "Neighbours", path: `${path}/neighbors`, parameters: { pixels, k, rev } }],
  compare: () => [{ name: "Cards", path: "v1/datasets", parameters: {} }],
};

const MAP_COLUMNS = 50; // as map.js draws them

const NOTHING = "Nothing is asked for yet";

/** The member of an answer that a view shows, which is a list. */
export const MEMBERS = {
  samples: "rows",
  labels: "labels",
  statistics: "statistics",
  map: "points",
  draw: "neighbors",
  compare: "datasets",
};

/** The path and query of an address, as a request writes it. */
export function targetOf(url) {
  const { pathname, search } = new URL(url);
  return `${pathname}${search}`;
}

/** A link to an address that opens it beside the page. */
export const openLink = (url, what) =>
  make("a", { class: "copy", href: url, target: "_blank", rel: "noopener", "aria-label": `Open ${what}` }, "Open");

/** An address to be read, copied and opened; what it gives stands before it if it is `named`. */
export const addressLine = (name, url, { named = false } = {}) => {
  const what = `the request for ${name}`;
  const text = make("code", {}, `GET ${targetOf(url)}`);
  return make("li", {}, named ? make("b", {}, name) : null, text, copyButton(url, what), openLink(url, what));
};

/** What `answerSnippets` needs to read the answer to the main request of a view; null while there is none. */
export function answerOf(service, now, { selection, card, look }) {
  const [main, picture] = requestsOf(now, { selection, card, look });
  if (!main) return null;
  const [height, width] = card.image_shape;
  const urlOf = ({ path, parameters }) => service.url(path, parameters);
  const images = {
    samples: () => [sheetImage(urlOf(picture), selection.count - picture.parameters.offset, { height, width })],
    labels: () => card.classes.map((name, label) => meanImage(service, { now, label, name, look, card })),
  };
  return { url: urlOf(main), member: MEMBERS[now.view], images: images[now.view]?.() ?? [] };
}

function sheetImage(url, left, { height, width }) {
  const count = Math.min(SHEET, left);
  const rows = Math.ceil(Math.min(SHEET, left) / COLUMNS);
  return { url, alt: `${count} samples`, width: COLUMNS * width, height: rows * height };
}

function meanImage(service, { now, label, name, look, card }) {
  const [height, width] = card.image_shape;
  const scale = Math.round(56 / width);
  const path = `v1/datasets/${now.dataset}/${now.split}/labels/${label}/mean.png`;
  const url = service.url(path, { ...look, scale, rev: card.rev });
  return { url, alt: `Mean of label ${name}`, width: width * scale, height: height * scale };
}

export class RequestLine {
  /** Fill `root`. */
  constructor(root, service) {
    Object.assign(this, { root, service, key: null });
    const press = () => this.#unfold(this.all.hidden);
    const about = { "aria-expanded": "false", "aria-controls": "request-all" };
    this.button = make("button", { type: "button", class: "plain", ...about, onclick: press }, "Request");
    this.text = make("code", { class: "request-target" });
    this.open = openLink("", "the request");
    this.tools = make("span", { class: "request-tools" }, copyButton(() => this.open.href, "the request"), this.open);
    this.others = make("ul", { class: "requests" });
    this.code = make("div");
    this.all = make("div", { id: "request-all", class: "request-all", hidden: true }, this.others, this.code);
    root.replaceChildren(make("div", { class: "request-line" }, this.button, this.text, this.tools), this.all);
  }

  /** Show the requests of a state: see `requestsOf`. */
  show(now, about) {
    const found = requestsOf(now, about).map(({ name, path, parameters }) => ({ name, url: this.service.url(path, parameters) }));
    const key = found.map(({ url }) => url).join();
    if (key === this.key) return;
    Object.assign(this, { key, answer: answerOf(this.service, now, about) });
    const [main, ...others] = found;
    this.tools.hidden = !main;
    this.text.textContent = main ? `GET ${targetOf(main.url)}` : NOTHING;
    this.open.href = main?.url ?? "";
    this.others.replaceChildren(...others.map(({ name, url }) => addressLine(name, url, { named: true })));
    if (!this.all.hidden) this.#tell();
  }

  /** Fold it again; tells whether it was not. */
  fold() {
    if (this.all.hidden) return false;
    if (this.all.contains(document.activeElement)) this.button.focus();
    this.#unfold(false);
    return true;
  }

  #unfold(shown) {
    this.all.hidden = !shown;
    this.root.classList.toggle("unfolded", shown);
    this.button.setAttribute("aria-expanded", shown);
    if (shown) this.text.tabIndex = 0; // a long one scrolls
    else this.text.removeAttribute("tabindex");
    if (shown) this.#tell();
  }

  /** Show the code, which is loaded when it is first needed. */
  async #tell() {
    try {
      const [{ CodeBlock }] = await Promise.all([import("./code.js"), style("panel")]);
      this.block ??= new CodeBlock(this.service, { name: "Code of the request" });
      this.code.replaceChildren(...(this.answer ? [this.block.element] : []));
      if (this.answer) this.block.showAnswer(this.answer);
    } catch (error) {
      this.code.replaceChildren(failure(error, () => this.#tell()));
    }
  }
}
