// The explorer: reads the cards, shows the view that the address names, and lets the keyboard in.

import { connect } from "../client.js";
import { controls } from "./controls.js";
import { failure, make } from "./make.js";
import { panel } from "./panel.js";
import { samples } from "./samples.js";
import { change, format, state, VIEWS, watch } from "./state.js";

const service = connect(new URL(".", document.baseURI));
const root = document.getElementById("view");
const filters = document.getElementById("filters");

/** The views that are not needed at first are loaded when they are. */
const LOAD = {
  samples: async () => samples,
  labels: async () => (await import("./labels.js")).labels,
  statistics: async () => (await import("./statistics.js")).statistics,
  map: async () => (await import("./map.js")).map,
  compare: async () => (await import("./compare.js")).compare,
};

let view = null;
let entered = 0;

async function start() {
  let cards;
  try {
    cards = await service.cards();
  } catch (error) {
    root.replaceChildren(failure(error, start));
    return;
  }
  settle(cards);
  filters.replaceChildren();
  controls(filters, cards);
  const place = { service, cards };
  const details = panel(document.getElementById("panel"), {
    ...place,
    step: (by) => view?.step?.(by) ?? stepIndex(by, cards),
    closed: () => view?.focus?.(),
  });
  watch((now, changed) => {
    if (settle(cards)) return; // that was a change of its own
    if (changed("view", "sample", "use")) openFilters(false);
    if (changed("view")) enter(place);
    else view?.update(now, changed);
    if (changed("dataset", "split", "sample", "use", "cmap", "paper", "label", "seed")) details.show(now);
    tabs();
  });
  addEventListener("themechange", () => details.show(state()));
  tabs();
  details.show(state());
  await enter(place);
}

const waiting = () => make("p", { class: "waiting-text" }, "Loading…");

/** An address may name what does not exist: then the nearest thing that does is shown. Tells whether it was so. */
function settle(cards) {
  const now = state();
  const card = cards.find((one) => one.name === now.dataset) ?? cards[0];
  const split = now.split in card.splits ? now.split : Object.keys(card.splits)[0];
  const label = now.label.filter((one) => one < card.classes.length);
  const sample = now.sample !== null && now.sample < card.splits[split].count ? now.sample : null;
  change({ dataset: card.name, split, label, sample }, { quietly: true });
  return state() !== now;
}

async function enter(place) {
  const turn = ++entered;
  const now = state();
  view?.close();
  view = null;
  root.className = `view ${now.view}`;
  root.dataset.state = "loading";
  root.replaceChildren(...(now.view === "samples" || now.view === "map" ? [] : [waiting()]));
  try {
    const show = await LOAD[now.view]();
    if (turn === entered) view = show(root, place);
  } catch (error) {
    if (turn === entered) root.replaceChildren(failure(error, () => enter(place)));
  }
}

function stepIndex(by, cards) {
  const now = state();
  const { count } = cards.find((one) => one.name === now.dataset).splits[now.split];
  change({ sample: Math.max(0, Math.min(count - 1, now.sample + by)) }, { quietly: true });
}

function tabs() {
  const now = state();
  for (const tab of document.querySelectorAll(".tabs a")) {
    const name = tab.dataset.view;
    tab.href = format({ ...now, view: name, sample: null, use: false, at: name === "samples" ? now.at : 0 });
    if (name === now.view) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  document.title = `${now.view === "samples" ? `${now.dataset} ${now.split}` : `${now.view[0].toUpperCase()}${now.view.slice(1)}`} · Digits`;
}

// A fragment is the state here, so the way past the header must not become one.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  (view?.focus ?? (() => root.focus()))();
});

const opener = document.querySelector(".filters-button");
const openFilters = (open) => {
  document.body.classList.toggle("with-filters", open);
  opener.setAttribute("aria-expanded", open);
};
opener.addEventListener("click", () => openFilters(!document.body.classList.contains("with-filters")));

addEventListener("keydown", (event) => {
  const writing = event.target instanceof HTMLInputElement && event.target.type === "text";
  if (event.key === "/" && !writing && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    if (!["samples", "map"].includes(state().view)) change({ view: VIEWS[0] });
    openFilters(true);
    document.getElementById("jump")?.focus();
  } else if (event.key === "Escape") {
    if (writing) event.target.blur();
    const open = state().sample !== null || state().use;
    if (open) change({ sample: null, use: false });
    openFilters(false);
    view?.focus?.();
  } else if (
    ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"].includes(event.key) &&
    event.target === document.body &&
    view?.focus
  ) {
    event.preventDefault();
    view.focus();
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: event.key, bubbles: false }));
  }
});

root.append(waiting());
start();
