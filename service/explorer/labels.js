// The classes of a split: how many samples each has in every split, and what its images have in common.

import { failure } from "./failure.js";
import { count, decimal, make, percent, title } from "./make.js";
import { readCells } from "./readout.js";
import { change, lookOf, state } from "./state.js";

const SIDE = 56; // CSS pixels of a picture

export function labels(root, { service, cards }) {
  let asking = null;

  async function show() {
    asking?.abort();
    asking = new AbortController();
    const now = state();
    const card = cards.find((one) => one.name === now.dataset);
    const split = `${now.dataset}/${now.split}`;
    try {
      const found = await service.labels(split, asking);
      root.replaceChildren(
        make(
          "div",
          { class: "heading" },
          make("h1", {}, `Labels of ${title(now.dataset)} ${now.split}`),
          make(
            "p",
            { class: "muted" },
            "Mean and spread are taken per pixel over all samples of a class, and never stretched.",
          ),
        ),
        make("div", { class: "page" }, counts(card), table(service, split, found, card)),
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

/** A bar chart of the counts, the splits side by side; pointing at a label or tapping it tells its counts. */
function counts(card) {
  const splits = Object.keys(card.splits).filter((name) => name !== "all" || Object.keys(card.splits).length === 1);
  const countsOf = (label) => splits.map((name) => [name, card.splits[name].labels[label]]);
  const most = Math.max(...card.classes.flatMap((label) => countsOf(label).map(([, number]) => number)));
  const readout = make("p", { class: "readout" }, "Point at a label, or tap it, to read its counts");
  const spoken = card.classes.map((label) => `${label}: ${countsOf(label).map((pair) => pair.join(" ")).join(", ")}`);
  const bars = make(
    "div",
    { class: "bars", role: "img", "aria-label": `Samples per label. ${spoken.join("; ")}` },
    card.classes.map((label) => column(label, countsOf(label), most)),
  );
  readCells(bars, {
    size: () => ({ columns: card.classes.length, rows: 1 }),
    read: (place) => {
      const label = card.classes[place];
      const parts = countsOf(label).map(([name, number]) => make("span", {}, `${name} `, make("b", {}, count(number))));
      readout.replaceChildren(make("span", {}, `label ${label}`), ...parts);
    },
    leave: () => {},
  });
  const series = (name, place) =>
    make("li", {}, make("i", { class: `series-${place}` }), `${name} ${count(card.splits[name].count)}`);
  const caption = make("figcaption", {}, make("h2", {}, "Samples per label"), make("ul", { class: "legend" }, splits.map(series)));
  return make("figure", { class: "card chart" }, caption, bars, readout);
}

function column(label, numbers, most) {
  const bar = ([, number], place) => {
    const fill = make("span", { class: `fill series-${place}` });
    fill.style.height = `${(100 * number) / most}%`;
    return make("span", { class: "bar" }, fill);
  };
  return make("div", { class: "column" }, make("div", { class: "pair" }, numbers.map(bar)), make("b", {}, label));
}

const HEADS = ["Label", "Mean", "Spread", "Samples", "Share", "Intensity", "Inked", ""];

/** The classes in numbers, with what their images have in common. */
function table(service, split, found, card) {
  const look = { ...lookOf(state()), scale: Math.max(1, Math.round(SIDE / card.image_shape[1])), rev: card.rev };
  const pictureOf = (label, kind, name) =>
    make("img", {
      src: service.url(`v1/datasets/${split}/labels/${label}/${kind}.png`, look),
      width: SIDE,
      height: SIDE,
      alt: `${name} of label ${label}`,
      loading: "lazy",
    });
  const heads = HEADS.map((name) => (name ? make("th", { scope: "col" }, name) : make("td", {})));
  return make(
    "div",
    { class: "card scroll", tabIndex: 0, role: "region", "aria-label": "Labels in numbers" },
    make(
      "table",
      {},
      make("thead", {}, make("tr", {}, heads)),
      make(
        "tbody",
        {},
        found.map((one) => row(one, pictureOf)),
      ),
    ),
  );
}

function row({ label, name, count: samples, share, mean, std, nonzero }, pictureOf) {
  const cell = (content) => make("td", {}, content);
  const show = make(
    "button",
    {
      type: "button",
      class: "button small",
      "aria-label": `Show the samples of label ${name}`,
      onclick: () => change({ view: "samples", label: [label], only: false }),
    },
    "Show",
  );
  return make(
    "tr",
    {},
    make("th", { scope: "row", class: "digit" }, name),
    cell(pictureOf(label, "mean", "Mean")),
    cell(pictureOf(label, "std", "Spread")),
    cell(count(samples)),
    cell(percent(share, 2)),
    cell(`${decimal(mean, 1)} ± ${decimal(std, 1)}`),
    cell(percent(nonzero)),
    cell(show),
  );
}
