// One sample in every detail: picture with values, facts, neighbours, addresses, code, numbers.

import { draw } from "../client.js";
import { CodeBlock } from "./code.js";
import { copyButton, count, decimal, make, percent, title } from "./make.js";
import { Neighbours } from "./near.js";
import { readCells } from "./readout.js";
import { addressLine } from "./request.js";
import { addressOf, lookOf } from "./state.js";

const SIDE = 336; // CSS pixels of the large picture, at most
const HINT = "Point at a pixel, or tap it, to read its value";

/** A part of the panel under a heading. */
export const section = (name, ...parts) => make("section", {}, make("h3", {}, name), parts);

/** A line of a list of addresses. */
export const link = (name, url) =>
  make(
    "li",
    {},
    make("a", { href: url, target: "_blank", rel: "noopener" }, name),
    copyButton(url, `address of ${name}`),
  );

export class SampleDetails {
  /** `open(index)` opens another sample. */
  constructor({ service, active, open }) {
    this.picture = new Picture();
    this.facts = make("dl", { class: "facts" });
    this.near = new Neighbours({ service, active, open });
    this.request = make("ul", { class: "requests" });
    this.links = make("ul", { class: "links" });
    this.code = new CodeBlock(service);
    this.numbers = new Numbers();
    this.element = make(
      "div",
      { class: "sample" },
      this.picture.element,
      this.facts,
      section("Nearest neighbours", this.near.hint, this.near.element),
      section("Request", this.request),
      section("Links", this.links),
      section("Use it", this.code.element),
      this.numbers.element,
    );
  }

  /** Show a sample as the service gives it. */
  show(found, card, now) {
    const split = `${now.dataset}/${now.split}`;
    this.picture.show(found, card, now);
    this.facts.replaceChildren(...facts(found, now));
    this.near.show(found, card, now);
    this.found = found;
    this.request.replaceChildren(addressLine("this sample", new URL(found.links.self, document.baseURI).href));
    this.link(now);
    this.code.show({ split, parameters: { offset: found.index, limit: 1 }, count: 1, card, look: lookOf(now) });
    this.numbers.show(found);
  }

  /** Show the addresses of the sample, of which one is that of the page. */
  link(now) {
    this.links.replaceChildren(...links(this.found, now));
  }

  /** Ask for no neighbours: the sample is about to change. */
  rest() {
    this.near.rest();
  }
}

/** The sample enlarged; pointing at a pixel or tapping it tells its value. */
class Picture {
  constructor() {
    this.canvas = make("canvas", { class: "large", role: "img", "aria-label": "Picture of the sample" });
    this.cell = make("div", { class: "cell", hidden: true });
    this.readout = make("p", { class: "readout" }, HINT);
    const frame = make("div", { class: "canvas" }, this.canvas, this.cell);
    this.element = make("div", { class: "picture" }, frame, this.readout);
    readCells(this.canvas, {
      size: () => ({ columns: this.width, rows: this.height }),
      read: (column, row) => this.#read(column, row),
      leave: () => this.#leave(),
    });
  }

  show(found, card, now) {
    const { cmap = "gray", invert = false } = lookOf(now);
    [this.height, this.width] = card.image_shape;
    this.peak = card.range[1];
    this.image = found.image;
    const scale = Math.floor(SIDE / this.width);
    draw(this.canvas, found.image.flat(), { scale, cmap, invert, peak: this.peak, width: this.width });
    this.canvas.setAttribute("aria-label", `Picture of sample ${found.index}, a ${found.name}`);
    this.#leave();
  }

  #read(column, row) {
    if (!this.image) return; // the sample has not come yet
    const value = this.image[row][column];
    const side = this.canvas.getBoundingClientRect().width / this.width;
    this.cell.hidden = false;
    this.cell.style.width = this.cell.style.height = `${side}px`;
    this.cell.style.transform = `translate(${column * side}px, ${row * side}px)`;
    this.readout.replaceChildren(
      `row ${row}, column ${column}`,
      make("b", {}, `${value}`),
      make("span", {}, `${(value / this.peak).toFixed(4)} of ${this.peak}`),
    );
  }

  #leave() {
    this.cell.hidden = true;
    this.readout.textContent = HINT;
  }
}

/** The raw values, row by row; they stay unfolded from sample to sample. */
class Numbers {
  constructor() {
    this.text = make("pre", { tabIndex: 0, role: "region", "aria-label": "Pixel values" });
    const copy = copyButton(() => this.values.join(","), "row");
    this.element = make("details", { class: "numbers" }, make("summary", {}, "The row as numbers"), this.text, copy);
  }

  show(found) {
    this.values = found.image.flat();
    const wide = Math.max(...this.values) > 99 ? 3 : 2;
    const line = (row) => row.map((value) => String(value).padStart(wide)).join(" ");
    this.text.textContent = found.image.map(line).join("\n");
  }
}

/** What there is to know at a glance. */
function facts(found, now) {
  const values = found.image.flat();
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const inked = values.filter(Boolean).length / values.length;
  const pairs = [
    ["Label", found.name],
    ["Index", count(found.index)],
    ["Split", `${title(now.dataset)} ${now.split}`],
    ["Mean", decimal(mean)],
    ["Inked", percent(inked)],
    ["Revision", found.rev],
  ];
  return pairs.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value)));
}

const RELATIONS = { PNG: "png", SVG: "svg", JSON: "self", Row: "row" };

/** Where everything about the sample is. */
function links(found, now) {
  const look = new URLSearchParams(lookOf(now)).toString();
  const urlOf = (relation) => {
    const url = new URL(found.links[relation], document.baseURI).href;
    return look && ["png", "svg"].includes(relation) ? `${url}&${look}` : url;
  };
  return [
    link("This view", addressOf()),
    ...Object.entries(RELATIONS)
      .filter(([, relation]) => found.links[relation])
      .map(([name, relation]) => link(name, urlOf(relation))),
  ];
}
