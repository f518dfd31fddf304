// Both datasets side by side, and when to use which.

import { count, make, title } from "./make.js";
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
  const split = Object.keys(card.splits)[0];
  const see = () => change({ view: "samples", dataset: card.name, split, label: [], seed: null, order: "file", only: false });
  const list = (kind, texts) => make("ul", { class: kind }, texts.map((text) => make("li", {}, text)));
  return make(
    "article",
    { class: "card dataset" },
    make("h2", {}, title(card.name)),
    make("p", { class: "lead" }, card.summary),
    strip(service, card, split),
    make(
      "dl",
      { class: "pairs" },
      facts(card).map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))),
    ),
    make("h3", {}, "Good for"),
    list("for", card.intended_uses),
    make("h3", {}, "Not for"),
    list("against", card.limitations),
    make("p", {}, make("button", { type: "button", class: "button", onclick: see }, `See ${title(card.name)}`)),
  );
}

/** Some samples, drawn as large as those of the other dataset. */
function strip(service, card, split) {
  const [height, width] = card.image_shape;
  const scale = Math.round(56 / width);
  const query = { limit: SAMPLES, columns: WIDE, gap: GAP, seed: 3, scale, ...lookOf(state()), rev: card.rev };
  const rows = SAMPLES / WIDE;
  return make("img", {
    class: "strip",
    src: service.gridUrl(`${card.name}/${split}`, query),
    width: WIDE * width * scale + (WIDE - 1) * GAP,
    height: rows * height * scale + (rows - 1) * GAP,
    alt: `${SAMPLES} samples of ${title(card.name)}`,
  });
}

function facts(card) {
  const [height, width] = card.image_shape;
  const [low, high] = card.range;
  const splits = Object.values(card.splits).filter((one) => one.split !== "all");
  const megabytes = (card.count * height * width) / 1e6;
  const away = ({ url }, text) => make("a", { href: url, target: "_blank", rel: "noopener" }, text);
  const sources = card.sources.slice(0, 2).flatMap((one, at) => [at ? ", " : "", away(one, one.title)]);
  return [
    ["Images", `${height} × ${width} pixels`],
    ["Values", `${low} to ${high}, ${card.dtype}`],
    ["Samples", splits.map((one) => `${count(one.count)} ${one.split}`).join(" + ") || `${count(card.count)}, not split`],
    ["In memory", megabytes < 1 ? `${Math.round(megabytes * 1000)} kB` : `${megabytes.toFixed(1)} MB`],
    ["Published", `${card.year}, by ${card.creators.join(", ")}`],
    ["Licence", away(card.licence, card.licence.name)],
    ["Source", make("span", {}, sources)],
  ];
}
