// One sample in every detail: picture with values, facts, addresses, numbers.

import { draw } from "../client.js";
import { title } from "./controls.js";
import { copyButton, count, decimal, make, percent } from "./make.js";
import { lookOf, state } from "./state.js";

const SIDE = 336; // CSS pixels of the large picture, at most

/** A line of a list of addresses. */
export const link = (name, url) =>
  make(
    "li",
    {},
    make("a", { href: url, target: "_blank", rel: "noopener" }, name),
    copyButton(url, `address of ${name}`),
  );

/** Where everything about the sample is. */
export function links(found, card, now) {
  const base = new URL(".", document.baseURI).href;
  const look = new URLSearchParams(lookOf(now)).toString();
  const names = [
    ["PNG", "png"],
    ["SVG", "svg"],
    ["JSON", "self"],
    ["Row", "row"],
  ];
  return make(
    "ul",
    { class: "links" },
    link("This view", location.href),
    names
      .filter(([, relation]) => found.links[relation])
      .map(([name, relation]) => {
        const url = new URL(found.links[relation], base).href;
        return link(name, look && ["png", "svg"].includes(relation) ? `${url}&${look}` : url);
      }),
  );
}

/** The sample enlarged; pointing at a pixel tells its value. */
export function picture(found, card) {
  const [height, width] = card.image_shape;
  const peak = card.range[1];
  const scale = Math.floor(SIDE / width);
  const canvas = make("canvas", {
    class: "large",
    role: "img",
    "aria-label": `Picture of sample ${found.index}, a ${found.name}`,
  });
  const { cmap = "gray", invert = false } = lookOf(state());
  draw(canvas, found.image.flat(), { scale, cmap, invert, peak, width });
  const cell = make("div", { class: "cell", hidden: true });
  const readout = make("p", { class: "readout" }, "Point at a pixel to read its value");
  const frame = make("div", { class: "picture" }, make("div", { class: "canvas" }, canvas, cell), readout);
  canvas.addEventListener("pointermove", (event) => {
    const box = canvas.getBoundingClientRect();
    const column = Math.min(width - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * width)));
    const row = Math.min(height - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * height)));
    const value = found.image[row][column];
    const side = box.width / width;
    cell.hidden = false;
    Object.assign(cell.style, {
      width: `${side}px`,
      height: `${side}px`,
      transform: `translate(${column * side}px, ${row * side}px)`,
    });
    readout.replaceChildren(
      `row ${row}, column ${column}`,
      make("b", {}, `${value}`),
      make("span", {}, `${(value / peak).toFixed(4)} of ${peak}`),
    );
  });
  canvas.addEventListener("pointerleave", () => {
    cell.hidden = true;
    readout.textContent = "Point at a pixel to read its value";
  });
  return frame;
}

/** What there is to know at a glance. */
export function facts(found, card, now) {
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
  return make(
    "dl",
    { class: "facts" },
    pairs.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))),
  );
}

/** The raw values, row by row. */
export function numbers(found) {
  const wide = Math.max(...found.image.flat()) > 99 ? 3 : 2;
  const text = found.image.map((row) => row.map((value) => String(value).padStart(wide)).join(" ")).join("\n");
  return make(
    "details",
    { class: "numbers" },
    make("summary", {}, "The row as numbers"),
    make("pre", { tabIndex: 0, role: "region", "aria-label": "Pixel values" }, text),
    copyButton(found.image.flat().join(","), "row"),
  );
}
