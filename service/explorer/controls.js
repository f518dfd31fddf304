// The controls at the left: what is chosen and how it is drawn. They show the state and change it, nothing else.

import { palette } from "../client.js";
import { readNumber, readSeed, SEED_RULE } from "./address.js";
import { basket } from "./basket.js";
import { check, group, NumberField, segments } from "./fields.js";
import { count, make, title } from "./make.js";
import { CHOOSING, isBasket, selectionOf, toggled } from "./selection.js";
import { change, COLOUR_MAPS, state, watch } from "./state.js";

const DATA = ["samples", "labels", "statistics", "map", "draw"]; // views of one split
const DRAWN = ["samples", "labels", "statistics", "draw", "compare"]; // views whose pictures have a colour map

/** Build the controls in `form`; `done` is called when the choice is made, where the controls cover the view. */
export function controls(form, { cards, active, done }) {
  const parts = [datasets(cards), splits(), labels(), order(), basket(), ...look(), opener(active), actions(active, done)];
  form.replaceChildren(...parts.map(({ element }) => element));
  form.addEventListener("submit", (event) => event.preventDefault());
  const show = (now, changed) => {
    const card = active.cardOf(now);
    for (const part of parts) {
      part.element.hidden = !part.element.dataset.for.split(" ").includes(now.view);
      part.show?.(now, card, changed);
    }
    for (const name of ["dataset", "split", "cmap", "paper", "size"]) check(form, name, now[name]);
    check(form, "order", orderOf(now));
  };
  watch(show);
  show(state(), () => true);
}

function datasets(cards) {
  const choose = (dataset) => {
    const splits = Object.keys(cards.find((card) => card.name === dataset).splits);
    change({ dataset, split: splits.includes(state().split) ? state().split : splits[0] });
  };
  const options = cards.map((card) => [card.name, title(card.name)]);
  return { element: group("Dataset", DATA, segments("dataset", options, choose)) };
}

function splits() {
  const place = make("div");
  const show = (now, card, changed) => {
    if (!changed("dataset")) return;
    const options = Object.keys(card.splits).map((name) => [name, name]);
    place.replaceChildren(segments("split", options, (split) => change({ split })));
  };
  return { element: group("Split", DATA, place), show };
}

function labels() {
  const chips = make("div", { class: "chips" });
  const all = () => change({ label: [] });
  const everything = make("button", { type: "button", class: "link", onclick: all }, "All labels");
  const chip = (name, label) => {
    const toggle = () => change({ label: toggled(state().label, label) });
    return make("button", { type: "button", class: "chip", value: label, onclick: toggle }, name);
  };
  const element = group("Label", CHOOSING, chips, everything);
  const show = (now, card, changed) => {
    element.hidden ||= isBasket(now);
    if (changed("dataset")) chips.replaceChildren(...card.classes.map(chip));
    const counts = card.splits[now.split].labels;
    for (const one of chips.children) {
      one.setAttribute("aria-pressed", now.label.includes(Number(one.value)));
      one.title = `${count(counts[card.classes[one.value]])} samples`;
    }
    everything.disabled = now.label.length === 0;
  };
  return { element, show };
}

/** How the samples are ordered, as the controls name it; on a map that holds a part of them, how the part is taken. */
function orderOf({ view, seed, order }) {
  if (order === "oddest") return order;
  return seed !== null || view === "map" ? "seed" : "file";
}

const CHANGES = {
  file: { seed: null, order: "file" },
  seed: { seed: "0", order: "file" },
  oddest: { seed: null, order: "oddest" },
};

/** File order, a seed or the oddest first; on the map, which holds a part of a large selection, what takes the part. */
function order() {
  const options = [
    ["file", "File order"],
    ["seed", "Shuffled"],
    ["oddest", "Oddest"],
  ];
  const choose = (value) => change(value === "seed" && state().view === "map" ? CHANGES.file : CHANGES[value]);
  const kinds = segments("order", options, choose);
  const seed = new NumberField({
    id: "seed",
    read: readSeed,
    rule: () => SEED_RULE,
    enter: (value) => change({ seed: value }),
  });
  const draw = () => change({ seed: String(Math.floor(Math.random() * 10_000)) });
  const another = make("button", { type: "button", class: "button small", onclick: draw }, "Another");
  const row = make("div", { class: "seed" }, make("label", { for: "seed" }, "Seed"), seed.input, another);
  const hint = make("p", { class: "hint" });
  const element = group("Order", CHOOSING, kinds, hint, row, seed.fault);
  const show = (now, card) => {
    const { drawn, ...selection } = selectionOf(now, card);
    const onMap = now.view === "map";
    const oddest = now.order === "oddest";
    element.querySelector("legend").textContent = onMap ? "Drawn samples" : "Order";
    element.hidden ||= isBasket(now) || (onMap && !drawn);
    kinds.firstChild.hidden = onMap;
    hint.hidden = !onMap && !oddest;
    const which = `${count(selection.count)} of ${count(selection.total)}`;
    hint.textContent = onMap ? `${which}, ${oddest ? "the oddest of them" : "by the order of a seed"}` : ODD;
    row.hidden = selection.parameters.seed === undefined;
    seed.show(selection.parameters.seed ?? "");
  };
  return { element, show };
}

const ODD = "Those first that are least like their own label and most like another";

/** Colour map, paper and size. */
function look() {
  const papers = [
    ["auto", "Auto"],
    ["black", "Black"],
    ["white", "White"],
  ];
  const sizes = [
    ["s", "Small"],
    ["m", "Medium"],
    ["l", "Large"],
  ];
  const maps = make("div", { class: "swatches", role: "radiogroup", "aria-label": "Colour map" }, COLOUR_MAPS.map(swatch));
  return [
    { element: group("Colour map", DRAWN, maps) },
    { element: group("Paper", DRAWN, segments("paper", papers, (paper) => change({ paper }))) },
    { element: group("Size", ["samples"], segments("size", sizes, (size) => change({ size }))) },
  ];
}

function swatch(name) {
  const gradient = make("canvas", { width: 64, height: 1, "aria-hidden": "true" });
  const context = gradient.getContext("2d");
  const picture = context.createImageData(64, 1);
  const colours = palette(name);
  const words = new Uint32Array(picture.data.buffer);
  for (let x = 0; x < 64; x++) words[x] = colours[Math.round((x * 255) / 63)];
  context.putImageData(picture, 0, 0);
  const input = make("input", { type: "radio", name: "cmap", value: name, onchange: () => change({ cmap: name }) });
  return make("label", { class: "swatch" }, input, gradient, make("span", {}, name));
}

/** Opens the sample of an index. */
function opener(active) {
  const total = () => active.cardOf(state()).splits[state().split].count;
  const field = new NumberField({
    id: "jump",
    placeholder: "Index",
    "aria-label": "Open the sample of this index",
    "aria-keyshortcuts": "/",
    read: (text) => {
      const index = readNumber(text);
      return index !== null && index < total() ? index : null;
    },
    rule: () => `An index is a whole number from 0 to ${total() - 1}.`,
    enter: (index) => {
      field.input.value = "";
      field.input.blur();
      active.seek(index);
    },
  });
  const row = make("div", { class: "jump" }, field.input, make("kbd", { "aria-hidden": "true" }, "/"));
  return { element: group("Open", CHOOSING, row, field.fault) };
}

function actions(active, done) {
  const show = make("button", { type: "button", class: "button wide done", onclick: done });
  const use = make(
    "button",
    { type: "button", class: "button wide", onclick: () => change({ use: true }) },
    "Use this selection",
  );
  return {
    element: make("div", { class: "group last", data: { for: DATA.join(" ") } }, show, use),
    show: (now, card) => {
      const { count: samples } = selectionOf(now, card);
      show.textContent = CHOOSING.includes(now.view) ? `Show ${count(samples)} samples` : `Show ${now.view === "draw" ? "the pad" : now.view}`;
    },
  };
}
