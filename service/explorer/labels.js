// The classes of a split: how many samples each has in every split, and what its images have in common.

import { title } from "./controls.js";
import { count, decimal, failure, make, percent } from "./make.js";
import { change, lookOf, splitOf, state } from "./state.js";

export function labels(root, { service, cards }) {
  let asking = null;

  async function show() {
    asking?.abort();
    asking = new AbortController();
    const now = state();
    const card = cards.find((one) => one.name === now.dataset);
    const split = splitOf(now);
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

/** A bar chart of the counts, the splits side by side. */
function counts(card) {
  const splits = Object.keys(card.splits).filter((name) => name !== "all" || Object.keys(card.splits).length === 1);
  const most = Math.max(...splits.flatMap((name) => Object.values(card.splits[name].labels)));
  const bar = (name, number, place) => {
    const fill = make("span", { class: `fill series-${place}` });
    fill.style.height = `${(100 * number) / most}%`;
    return make("span", { class: "bar", title: `${name}: ${count(number)}` }, fill);
  };
  return make(
    "figure",
    { class: "card chart" },
    make(
      "figcaption",
      {},
      make("h2", {}, "Samples per label"),
      make(
        "ul",
        { class: "legend" },
        splits.map((name, place) =>
          make("li", {}, make("i", { class: `series-${place}` }), `${name} ${count(card.splits[name].count)}`),
        ),
      ),
    ),
    make(
      "div",
      {
        class: "bars",
        role: "img",
        "aria-label": `Samples per label: ${splits
          .map(
            (name) =>
              `${name}: ${Object.entries(card.splits[name].labels)
                .map(([label, number]) => `${label} ${number}`)
                .join(", ")}`,
          )
          .join("; ")}`,
      },
      card.classes.map((label) =>
        make(
          "div",
          { class: "column" },
          make(
            "div",
            { class: "pair" },
            splits.map((name, place) => bar(name, card.splits[name].labels[label], place)),
          ),
          make("b", {}, label),
        ),
      ),
    ),
  );
}

function table(service, split, found, card) {
  const look = { ...lookOf(state()), scale: Math.max(1, Math.round(56 / card.image_shape[1])), rev: card.rev };
  const pictureOf = (label, kind, name) =>
    make("img", {
      src: service.url(`v1/datasets/${split}/labels/${label}/${kind}.png`, look),
      width: 56,
      height: 56,
      alt: `${name} of label ${label}`,
      loading: "lazy",
    });
  const heads = ["Label", "Mean", "Spread", "Samples", "Share", "Intensity", "Inked", ""];
  return make(
    "div",
    { class: "card scroll", tabIndex: 0, role: "region", "aria-label": "Labels in numbers" },
    make(
      "table",
      {},
      make(
        "thead",
        {},
        make(
          "tr",
          {},
          heads.map((name) => make("th", { scope: "col" }, name)),
        ),
      ),
      make(
        "tbody",
        {},
        found.map((one) =>
          make(
            "tr",
            {},
            make("th", { scope: "row", class: "digit" }, one.name),
            make("td", {}, pictureOf(one.label, "mean", "Mean")),
            make("td", {}, pictureOf(one.label, "std", "Spread")),
            make("td", {}, count(one.count)),
            make("td", {}, percent(one.share, 2)),
            make("td", {}, `${decimal(one.mean, 1)} ± ${decimal(one.std, 1)}`),
            make("td", {}, percent(one.nonzero)),
            make(
              "td",
              {},
              make(
                "button",
                {
                  type: "button",
                  class: "button small",
                  "aria-label": `Show the samples of label ${one.name}`,
                  onclick: () => change({ view: "samples", label: [one.label], at: 0 }),
                },
                "Show",
              ),
            ),
          ),
        ),
      ),
    ),
  );
}
