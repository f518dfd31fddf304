// The pixels of a split taken together: what training needs, how often each value occurs, and the mean image.

import { draw } from "../client.js";
import { failure } from "./failure.js";
import { copyButton, count, decimal, make, percent, title } from "./make.js";
import { readCells } from "./readout.js";
import { lookOf, state } from "./state.js";

export function statistics(root, { service, cards }) {
  let asking = null;

  async function show() {
    asking?.abort();
    asking = new AbortController();
    const now = state();
    const card = cards.find((one) => one.name === now.dataset);
    try {
      const found = await service.statistics(`${now.dataset}/${now.split}`, asking);
      root.replaceChildren(
        make(
          "div",
          { class: "heading" },
          make("h1", {}, `Statistics of ${title(now.dataset)} ${now.split}`),
          make(
            "p",
            { class: "muted" },
            `Over all ${count(found.num_examples * card.image_shape[0] * card.image_shape[1])} pixels; nothing is rounded before it is shown.`,
          ),
        ),
        make("div", { class: "page" }, figures(found, card), histogram(found.pixels.histogram), images(found, card)),
      );
      root.dataset.state = "ready";
    } catch (error) {
      if (error.name !== "AbortError") root.replaceChildren(failure(error, show));
    }
  }

  show();
  addEventListener("themechange", show);
  return {
    update: (now, changed) => changed("dataset", "split", "cmap", "paper") && show(),
    close() {
      asking.abort();
      removeEventListener("themechange", show);
    },
  };
}

function figures({ num_examples: samples, split, pixels }, card) {
  const one = (name, value, note) =>
    make("div", { class: "figure" }, make("dt", {}, name), make("dd", {}, value), make("dd", { class: "note" }, note));
  const { mean, std } = pixels.unit;
  const list = make(
    "dl",
    { class: "figures" },
    one("Samples", count(samples), `${card.image_shape.join(" × ")} pixels each`),
    one("Mean", decimal(mean, 4), `${decimal(pixels.raw.mean, 2)} of ${card.range[1]}`),
    one("Deviation", decimal(std, 4), `${decimal(pixels.raw.std, 2)} of ${card.range[1]}`),
    one("Inked", percent(pixels.nonzero), "of pixels are not zero"),
  );
  return make("div", {}, list, normalisation(card.standard, split));
}

/** What `scale=standard` does: it takes the mean and deviation of one split, whichever split is asked for. */
function normalisation({ split: reference, mean, std }, split) {
  const whose = reference === split ? "" : ` It takes the mean and deviation of ${reference}, not those of ${split}.`;
  return make(
    "p",
    { class: "normalise" },
    make("code", {}, `Normalize((${mean.toFixed(4)},), (${std.toFixed(4)},))`),
    copyButton(`Normalize((${mean},), (${std},))`, "normalisation"),
    make("span", { class: "muted" }, `is what ?scale=standard does for you.${whose}`),
  );
}

/** How often each value occurs, on a logarithmic scale; pointing at a bar or tapping it tells its count. */
function histogram(counts) {
  const most = Math.log10(Math.max(...counts));
  const width = counts.length > 64 ? 1 : 0.86;
  const bars = counts.map((number, value) => {
    const height = number ? Math.max(0.6, (100 * Math.log10(number + 1)) / most) : 0;
    return make("rect", { x: value, y: 100 - height, width, height, class: "series-0" });
  });
  const last = counts.length - 1;
  const drawing = make(
    "svg",
    {
      viewBox: `0 0 ${counts.length} 100`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": `How often each value from 0 to ${last} occurs: 0 ${count(counts[0])} times, ${last} ${count(counts[last])} times`,
    },
    bars,
  );
  const readout = make("p", { class: "readout" }, "Point at a bar, or tap it, to read it");
  readCells(drawing, {
    size: () => ({ columns: counts.length, rows: 1 }),
    read: (value) => {
      drawing.querySelector(".pointed")?.classList.remove("pointed");
      bars[value].classList.add("pointed");
      readout.replaceChildren(`value ${value}`, make("b", {}, count(counts[value])), make("span", {}, "pixels"));
    },
    leave: () => {},
  });
  return make(
    "figure",
    { class: "card chart" },
    make("figcaption", {}, make("h2", {}, "How often each value occurs"), readout),
    make("div", { class: "histogram" }, drawing),
    make("p", { class: "axis" }, ...["0, no ink", "logarithmic", `${last}, full ink`].map((text) => make("span", {}, text))),
  );
}

/** The mean, the deviation and the share of ink of every pixel as images. */
function images(found, card) {
  const columns = found.statistics.slice(1).map((column) => column.column_statistics);
  const peak = card.range[1];
  const valuesOf = (name) => columns.map((column) => column[name]);
  return make(
    "div",
    { class: "three" },
    image("Mean image", `0 to ${peak}`, valuesOf("mean"), peak, card),
    image("Deviation", `0 to ${peak}`, valuesOf("std"), peak, card),
    image("Share of ink", "how often not zero", valuesOf("nonzero"), 1, card),
  );
}

/** One value of every pixel as an image, `unit` the value of full ink. */
function image(name, note, values, unit, card) {
  const [rows, columns] = card.image_shape;
  const { cmap = "gray", invert = false } = lookOf(state());
  const canvas = make("canvas", { role: "img", "aria-label": `${name} of every pixel` });
  const shades = values.map((value) => Math.round((value * 255) / unit));
  draw(canvas, shades, { scale: Math.floor(224 / columns), cmap, invert, width: columns });
  const readout = make("p", { class: "readout" }, note);
  readCells(canvas, {
    size: () => ({ columns, rows }),
    read: (column, row) =>
      readout.replaceChildren(`row ${row}, column ${column}`, make("b", {}, decimal(values[row * columns + column], 3))),
    leave: () => readout.replaceChildren(note),
  });
  return make("figure", { class: "card" }, make("figcaption", {}, make("h2", {}, name)), canvas, readout);
}
