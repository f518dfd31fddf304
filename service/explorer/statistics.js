// The pixels of a split taken together: what training needs, how often each value occurs, and the mean image.

import { draw } from "../client.js";
import { title } from "./controls.js";
import { copyButton, count, decimal, failure, make, percent } from "./make.js";
import { lookOf, splitOf, state } from "./state.js";

export function statistics(root, { service, cards }) {
  let asking = null;

  async function show() {
    asking?.abort();
    asking = new AbortController();
    const now = state();
    const card = cards.find((one) => one.name === now.dataset);
    try {
      const found = await service.statistics(splitOf(now), asking);
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

function figures({ num_examples: samples, pixels }, card) {
  const one = (name, value, note) =>
    make("div", { class: "figure" }, make("dt", {}, name), make("dd", {}, value), make("dd", { class: "note" }, note));
  const { mean, std } = pixels.unit;
  return make(
    "div",
    {},
    make(
      "dl",
      { class: "figures" },
      one("Samples", count(samples), `${card.image_shape.join(" × ")} pixels each`),
      one("Mean", decimal(mean, 4), `${decimal(pixels.raw.mean, 2)} of ${card.range[1]}`),
      one("Deviation", decimal(std, 4), `${decimal(pixels.raw.std, 2)} of ${card.range[1]}`),
      one("Inked", percent(pixels.nonzero), "of pixels are not zero"),
    ),
    make(
      "p",
      { class: "normalise" },
      make("code", {}, `Normalize((${mean.toFixed(4)},), (${std.toFixed(4)},))`),
      copyButton(`Normalize((${mean}),), (${std},))`.replace("),),", ",),"), "normalisation"),
      make("span", { class: "muted" }, "is what ?scale=standard does for you, by the training split."),
    ),
  );
}

/** How often each value occurs, on a logarithmic scale. */
function histogram(counts) {
  const most = Math.log10(Math.max(...counts));
  const bars = counts.map((number, value) => {
    const height = number ? Math.max(0.6, (100 * Math.log10(number + 1)) / most) : 0;
    return make("rect", { x: value, y: 100 - height, width: counts.length > 64 ? 1 : 0.86, height, class: "series-0" });
  });
  const drawing = make(
    "svg",
    {
      viewBox: `0 0 ${counts.length} 100`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": `How often each value from 0 to ${counts.length - 1} occurs: 0 ${count(counts[0])} times, ${counts.length - 1} ${count(counts.at(-1))} times`,
    },
    bars,
  );
  const readout = make("p", { class: "readout" }, "Point at a bar to read it");
  drawing.addEventListener("pointermove", (event) => {
    const box = drawing.getBoundingClientRect();
    const value = Math.min(
      counts.length - 1,
      Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * counts.length)),
    );
    drawing.querySelector(".pointed")?.classList.remove("pointed");
    bars[value].classList.add("pointed");
    readout.replaceChildren(`value ${value}`, make("b", {}, count(counts[value])), make("span", {}, "pixels"));
  });
  return make(
    "figure",
    { class: "card chart" },
    make("figcaption", {}, make("h2", {}, "How often each value occurs"), readout),
    make("div", { class: "histogram" }, drawing),
    make(
      "p",
      { class: "axis" },
      make("span", {}, "0, no ink"),
      make("span", {}, "logarithmic"),
      make("span", {}, `${counts.length - 1}, full ink`),
    ),
  );
}

/** The mean, the deviation and the share of ink of every pixel as images. */
function images(found, card) {
  const [height, width] = card.image_shape;
  const columns = found.statistics.slice(1).map((column) => column.column_statistics);
  const peak = card.range[1];
  const { cmap = "gray", invert = false } = lookOf(state());
  const one = (name, note, values, unit) => {
    const canvas = make("canvas", { role: "img", "aria-label": `${name} of every pixel` });
    draw(
      canvas,
      values.map((value) => Math.round((value * 255) / unit)),
      { scale: Math.floor(224 / width), cmap, invert, width },
    );
    const readout = make("p", { class: "readout" }, note);
    canvas.addEventListener("pointermove", (event) => {
      const box = canvas.getBoundingClientRect();
      const column = Math.min(width - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * width)));
      const row = Math.min(height - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * height)));
      readout.replaceChildren(`row ${row}, column ${column}`, make("b", {}, decimal(values[row * width + column], 3)));
    });
    canvas.addEventListener("pointerleave", () => readout.replaceChildren(note));
    return make("figure", { class: "card" }, make("figcaption", {}, make("h2", {}, name)), canvas, readout);
  };
  return make(
    "div",
    { class: "three" },
    one(
      "Mean image",
      `0 to ${peak}`,
      columns.map(({ mean }) => mean),
      peak,
    ),
    one(
      "Deviation",
      `0 to ${peak}`,
      columns.map(({ std }) => std),
      peak,
    ),
    one(
      "Share of ink",
      "how often not zero",
      columns.map(({ nonzero }) => nonzero),
      1,
    ),
  );
}
