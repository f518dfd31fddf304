// The controls at the left: what is chosen and how it is drawn. They show the state and change it, nothing else.

import { palette } from "../client.js";
import { count, make } from "./make.js";
import { change, COLOUR_MAPS, state, watch } from "./state.js";

const TITLES = { mnist: "MNIST", digits: "digits" };

/** How a dataset is called on the page. */
export const title = (dataset) => TITLES[dataset] ?? dataset;

/** Build the controls for these cards. */
export function controls(form, cards) {
  const byName = new Map(cards.map((card) => [card.name, card]));

  const datasets = segments(
    "dataset",
    cards.map((card) => [card.name, title(card.name)]),
    (dataset) => {
      const splits = Object.keys(byName.get(dataset).splits);
      const split = splits.includes(state().split) ? state().split : splits[0];
      change({ dataset, split, at: 0, sample: null });
    },
  );
  const splits = make("div");
  const labels = make("div", { class: "chips" });
  const everything = make(
    "button",
    { type: "button", class: "link", onclick: () => change({ label: [], at: 0 }) },
    "All labels",
  );
  const order = segments(
    "order",
    [
      ["file", "File order"],
      ["seed", "Shuffled"],
    ],
    (value) => change({ seed: value === "file" ? null : "0", at: 0 }),
  );
  const seed = make("input", {
    type: "text",
    inputMode: "numeric",
    pattern: "[0-9]{1,19}",
    id: "seed",
    class: "field",
    onchange: () => /^\d{1,19}$/.test(seed.value) && change({ seed: String(BigInt(seed.value)), at: 0 }),
  });
  const another = make(
    "button",
    {
      type: "button",
      class: "button small",
      onclick: () => change({ seed: String(Math.floor(Math.random() * 10_000)), at: 0 }),
    },
    "Another",
  );
  const seedRow = make("div", { class: "seed" }, make("label", { for: "seed" }, "Seed"), seed, another);
  const maps = make(
    "div",
    { class: "swatches", role: "radiogroup", "aria-label": "Colour map" },
    COLOUR_MAPS.map((name) => {
      const gradient = make("canvas", { width: 64, height: 1, "aria-hidden": "true" });
      paint(gradient, name);
      const input = make("input", { type: "radio", name: "cmap", value: name, onchange: () => change({ cmap: name }) });
      return make("label", { class: "swatch" }, input, gradient, make("span", {}, name));
    }),
  );
  const paper = segments(
    "paper",
    [
      ["auto", "Auto"],
      ["black", "Black"],
      ["white", "White"],
    ],
    (value) => change({ paper: value }),
  );
  const size = segments(
    "size",
    [
      ["s", "Small"],
      ["m", "Medium"],
      ["l", "Large"],
    ],
    (value) => change({ size: value }),
  );
  const jump = make("input", {
    type: "text",
    inputMode: "numeric",
    pattern: "[0-9]+",
    id: "jump",
    class: "field",
    placeholder: "Index",
    "aria-label": "Open the sample of this index",
    "aria-keyshortcuts": "/",
    onkeydown: (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      const total = byName.get(state().dataset).splits[state().split].count;
      const index = Number(jump.value);
      const good = /^\d+$/.test(jump.value.trim()) && index < total;
      jump.setCustomValidity(good ? "" : `An index is a whole number from 0 to ${total - 1}.`);
      if (!jump.reportValidity()) return;
      const plain = !state().label.length && state().seed === null;
      change({ view: "samples", sample: index, use: false, ...(plain ? { at: index } : {}) });
      jump.value = "";
      jump.blur();
    },
    oninput: () => jump.setCustomValidity(""),
  });
  const use = make(
    "button",
    { type: "button", class: "button wide", onclick: () => change({ use: true, sample: null }) },
    "Use this selection",
  );

  form.append(
    group("Dataset", "samples labels statistics map", datasets),
    group("Split", "samples labels statistics map", splits),
    group("Label", "samples map", labels, everything),
    group("Order", "samples map", order, seedRow),
    group("Colour map", "samples labels statistics compare", maps),
    group("Paper", "samples labels statistics compare", paper),
    group("Size", "samples", size),
    group("Open", "samples map", make("div", { class: "jump" }, jump, make("kbd", {}, "/"))),
    make("div", { class: "group last", data: { for: "samples map labels statistics" } }, use),
  );
  form.addEventListener("submit", (event) => event.preventDefault());

  const show = (now, changed) => {
    const card = byName.get(now.dataset);
    if (!splits.firstChild || changed("dataset")) {
      splits.replaceChildren(
        segments(
          "split",
          Object.keys(card.splits).map((name) => [name, name]),
          (split) => change({ split, at: 0, sample: null }),
        ),
      );
      labels.replaceChildren(
        ...card.classes.map((name, label) =>
          make(
            "button",
            {
              type: "button",
              class: "chip",
              value: label,
              onclick: () => change({ label: toggled(state().label, label), at: 0 }),
            },
            name,
          ),
        ),
      );
    }
    check(form, "dataset", now.dataset);
    check(form, "split", now.split);
    check(form, "order", now.seed === null ? "file" : "seed");
    check(form, "cmap", now.cmap);
    check(form, "paper", now.paper);
    check(form, "size", now.size);
    const counts = card.splits[now.split].labels;
    for (const chip of labels.children) {
      const on = now.label.includes(Number(chip.value));
      chip.setAttribute("aria-pressed", on);
      chip.title = `${count(counts[card.classes[chip.value]])} samples`;
    }
    everything.disabled = now.label.length === 0;
    seedRow.hidden = now.seed === null;
    if (document.activeElement !== seed) seed.value = now.seed ?? "";
    for (const part of form.children) part.hidden = !part.dataset.for.split(" ").includes(now.view);
  };
  watch(show);
  show(state(), () => true);
}

/** How many samples the state selects, from the card alone. */
export function totalOf(now, card) {
  const { count: all, labels } = card.splits[now.split];
  return now.label.length ? now.label.reduce((sum, label) => sum + (labels[card.classes[label]] ?? 0), 0) : all;
}

const toggled = (labels, label) =>
  labels.includes(label) ? labels.filter((one) => one !== label) : [...labels, label].sort((a, b) => a - b);

function group(name, views, ...parts) {
  return make("fieldset", { class: "group", data: { for: views } }, make("legend", {}, name), parts);
}

function segments(name, options, choose) {
  return make(
    "div",
    { class: "segments", role: "radiogroup", "aria-label": name[0].toUpperCase() + name.slice(1) },
    options.map(([value, text]) =>
      make(
        "label",
        {},
        make("input", { type: "radio", name, value, onchange: () => choose(value) }),
        make("span", {}, text),
      ),
    ),
  );
}

function check(form, name, value) {
  for (const input of form.querySelectorAll(`input[name="${name}"]`)) input.checked = input.value === String(value);
}

function paint(canvas, name) {
  const context = canvas.getContext("2d");
  const picture = context.createImageData(64, 1);
  const colours = palette(name);
  const words = new Uint32Array(picture.data.buffer);
  for (let x = 0; x < 64; x++) words[x] = colours[Math.round((x * 255) / 63)];
  context.putImageData(picture, 0, 0);
}
