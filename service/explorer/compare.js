// Both datasets side by side, and when to use which.

import { title } from "./controls.js";
import { count, make } from "./make.js";
import { change, lookOf, state } from "./state.js";

const SAMPLES = 40;
const WIDE = 8;
const GAP = 10;

export function compare(root, { service, cards }) {
  function show() {
    root.replaceChildren(
      make(
        "div",
        { class: "heading" },
        make("h1", {}, "Which one?"),
        make(
          "p",
          { class: "muted" },
          "The same ten digits, at two sizes. Samples are drawn equally large, so that one sees what the pixels can tell.",
        ),
      ),
      make(
        "div",
        { class: "page two" },
        cards.map((card) => column(service, card)),
      ),
    );
    root.dataset.state = "ready";
  }

  show();
  addEventListener("themechange", show);
  return {
    update: (now, changed) => changed("cmap", "paper") && show(),
    close: () => removeEventListener("themechange", show),
  };
}

function column(service, card) {
  const [height, width] = card.image_shape;
  const split = Object.keys(card.splits)[0];
  const scale = Math.round(56 / width);
  const sheet = service.gridUrl(`${card.name}/${split}`, {
    limit: SAMPLES,
    columns: WIDE,
    gap: GAP,
    seed: 3,
    scale,
    ...lookOf(state()),
    rev: card.rev,
  });
  const megabytes = (card.count * height * width) / 1e6;
  const [low, high] = card.range;
  const facts = [
    ["Images", `${height} × ${width} pixels`],
    ["Values", `${low} to ${high}, ${card.dtype}`],
    [
      "Samples",
      Object.values(card.splits).length > 1
        ? Object.values(card.splits)
            .filter((one) => one.split !== "all")
            .map((one) => `${count(one.count)} ${one.split}`)
            .join(" + ")
        : `${count(card.count)}, not split`,
    ],
    ["In memory", megabytes < 1 ? `${Math.round(megabytes * 1000)} kB` : `${megabytes.toFixed(1)} MB`],
    ["Published", `${card.year}, by ${card.creators.join(", ")}`],
    ["Licence", make("a", { href: card.licence.url, target: "_blank", rel: "noopener" }, card.licence.name)],
    [
      "Source",
      make(
        "span",
        {},
        card.sources
          .slice(0, 2)
          .flatMap((one, at) => [
            at ? ", " : "",
            make("a", { href: one.url, target: "_blank", rel: "noopener" }, one.title),
          ]),
      ),
    ],
  ];
  return make(
    "article",
    { class: "card dataset" },
    make("h2", {}, title(card.name)),
    make("p", { class: "lead" }, card.summary),
    make("img", {
      class: "strip",
      src: sheet,
      width: WIDE * width * scale + (WIDE - 1) * GAP,
      height: (SAMPLES / WIDE) * height * scale + (SAMPLES / WIDE - 1) * GAP,
      alt: `${SAMPLES} samples of ${title(card.name)}`,
    }),
    make(
      "dl",
      { class: "pairs" },
      facts.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))),
    ),
    make("h3", {}, "Good for"),
    make(
      "ul",
      { class: "for" },
      card.intended_uses.map((text) => make("li", {}, text)),
    ),
    make("h3", {}, "Not for"),
    make(
      "ul",
      { class: "against" },
      card.limitations.map((text) => make("li", {}, text)),
    ),
    make(
      "p",
      {},
      make(
        "button",
        {
          type: "button",
          class: "button",
          onclick: () => change({ view: "samples", dataset: card.name, split, label: [], at: 0, sample: null }),
        },
        `See ${title(card.name)}`,
      ),
    ),
  );
}
