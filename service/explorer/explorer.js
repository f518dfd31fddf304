// The explorer: reads the cards, shows the view that the address names, and lets the keyboard in.

import { connect } from "../client.js";
import { ActiveSample } from "./active.js";
import { format } from "./address.js";
import { controls } from "./controls.js";
import { Covers } from "./covers.js";
import { failure, warn } from "./failure.js";
import { make, style } from "./make.js";
import { RequestLine } from "./request.js";
import { samples } from "./samples.js";
import { CHOOSING } from "./selection.js";
import { change, lookOf, state, takeFaults, VIEWS, watch } from "./state.js";

const root = document.getElementById("view");

/** The views that are not needed at first are loaded when they are. */
const LOAD = {
  samples: async () => samples,
  labels: () => load(import("./labels.js"), "labels"),
  statistics: () => load(import("./statistics.js"), "statistics"),
  map: () => load(import("./map.js"), "map"),
  draw: () => load(import("./draw.js"), "draw", style("draw")),
  compare: () => load(import("./compare.js"), "compare"),
};

/** What a module exports by a name, once the styles of the views are there, and others that it needs. */
async function load(module, name, ...more) {
  const [loaded] = await Promise.all([module, style("views"), ...more]);
  return loaded[name];
}

/** What else chooses samples, or is said of the one in the panel. */
const CHOICE = ["order", "index", "only"];

/** The page around the views, once the cards are known. */
class Explorer {
  constructor(service, cards) {
    Object.assign(this, { service, cards, view: null, panel: null, entered: 0 });
    this.#settle();
    this.active = new ActiveSample(service, cards, state());
    this.covers = new Covers(() => this.#focus());
    this.request = new RequestLine(document.getElementById("request"), service);
    controls(document.getElementById("filters"), {
      cards,
      active: this.active,
      done: () => this.covers.closeFilters(),
    });
    watch((now, changed) => this.#follow(changed));
    addEventListener("themechange", () => {
      this.panel?.show(state());
      this.#request();
    });
    this.#listen();
    this.#frame();
    this.#panel();
    this.#enter();
  }

  /** An address may name what does not exist: then the nearest thing that does is shown, and the page says so. */
  #settle() {
    const now = state();
    const faults = takeFaults();
    const missing = (what, name, shown) => faults.push(`There is no ${what} “${name}”. This is ${shown}.`);
    const card = this.cards.find((one) => one.name === now.dataset) ?? this.cards[0];
    if (card.name !== now.dataset) missing("dataset", now.dataset, card.name);
    const split = Object.hasOwn(card.splits, now.split) ? now.split : Object.keys(card.splits)[0];
    if (split !== now.split) missing(`split of ${card.name}`, now.split, split);
    const total = card.splits[split].count;
    const label = now.label.filter((one) => one < card.classes.length);
    if (label.length < now.label.length) faults.push(`The labels of ${card.name} are 0 to ${card.classes.length - 1}.`);
    const sample = now.sample !== null && now.sample < total ? now.sample : null;
    if (sample !== now.sample) faults.push(`There is no sample ${now.sample}. The indices are 0 to ${total - 1}.`);
    const index = now.index.filter((one) => one < total);
    const gone = now.index.length - index.length;
    const missed = `Of the picked samples, ${gone} ${gone === 1 ? "does" : "do"} not exist.`;
    if (gone) faults.push(`${missed} The indices are 0 to ${total - 1}.`);
    if (faults.length) warn(faults);
    const basket = { index, only: now.only && index.length > 0 };
    change({ dataset: card.name, split, label, ...basket, at: now.at, sample }, { quietly: true });
  }

  #follow(changed) {
    this.#settle();
    this.active.enter(state());
    if (changed("view")) this.#enter();
    else this.view?.update(state(), changed);
    if (changed("dataset", "split", "sample", "use", "cmap", "paper", "label", "seed", "view", ...CHOICE)) this.#panel();
    if (changed("view", "use") || (changed("sample") && state().sample !== null)) this.covers.closeFilters();
    this.#frame();
  }

  /** What stands around the view; in a page of somebody else, only a link to the whole page. */
  #frame() {
    const now = state();
    document.documentElement.classList.toggle("embedded", now.embed);
    document.getElementById("whole").href = format({ ...now, embed: false });
    this.#tabs();
    this.#request();
  }

  #request() {
    const now = state();
    this.request.show(now, { selection: this.active.selection, card: this.active.cardOf(now), look: lookOf(now) });
  }

  async #enter() {
    const turn = ++this.entered;
    const now = state();
    this.view?.close();
    this.view = null;
    root.className = `view ${now.view}`;
    root.dataset.state = "loading";
    root.replaceChildren(...(CHOOSING.includes(now.view) ? [] : [waiting()]));
    try {
      const show = await LOAD[now.view]();
      if (turn === this.entered) this.view = show(root, this);
    } catch (error) {
      if (turn === this.entered) root.replaceChildren(failure(error, () => this.#enter()));
    }
  }

  /** Show or hide the panel, which is loaded when it is first needed. */
  async #panel() {
    const place = document.getElementById("panel");
    const needed = () => state().sample !== null || state().use;
    const opens = place.hidden && needed();
    this.covers.showPanel(needed(), { sample: state().sample !== null });
    if (!this.panel && needed()) {
      try {
        const [{ Panel }] = await Promise.all([import("./panel.js"), style("panel")]);
        this.panel ??= new Panel(place, { ...this, closed: () => this.#focus() });
      } catch (error) {
        place.replaceChildren(failure(error, () => this.#panel()));
        return;
      }
    }
    this.panel?.show(state());
    if (opens && this.covers.coversView) this.panel.focus();
  }

  #focus() {
    (this.view?.focus ? this.view : root).focus();
  }

  #tabs() {
    const now = state();
    for (const tab of document.querySelectorAll(".tabs a")) {
      const name = tab.dataset.view;
      const at = name === now.view ? now.at : name === "draw" ? (now.sample ?? 0) : 0; // one draws over what was open
      tab.href = format({ ...now, view: name, sample: null, use: false, at });
      if (name === now.view) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
    }
    const name = now.view === "samples" ? `${now.dataset} ${now.split}` : now.view[0].toUpperCase() + now.view.slice(1);
    document.title = `${name} · Digits`;
  }

  #listen() {
    // A fragment is the state here, so the way past the header must not become one.
    document.querySelector(".skip").addEventListener("click", (event) => {
      event.preventDefault();
      this.#focus();
    });
    addEventListener("keydown", (event) => this.#press(event));
  }

  #press(event) {
    const writing = event.target instanceof HTMLInputElement && event.target.type === "text";
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key === "/" && !writing && !state().embed) {
      event.preventDefault();
      if (!CHOOSING.includes(state().view)) change({ view: VIEWS[0] });
      this.covers.openFilters();
      document.getElementById("jump").focus();
    } else if (event.key === "Escape") this.#escape();
    else if (/^Arrow/.test(event.key) && event.target === document.body && this.view?.focus) {
      event.preventDefault();
      this.view.focus();
      document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: event.key, bubbles: false }));
    }
  }

  /** Close what is open, one thing at a time; what keys go to then is the view. */
  #escape() {
    if (this.covers.closeFilters() || this.request.fold()) return;
    if (state().use) change({ use: false });
    else if (state().sample !== null) this.active.close();
    this.#focus();
  }
}

const waiting = () => make("p", { class: "waiting-text" }, "Loading…");

async function start() {
  try {
    const service = connect(new URL(".", document.baseURI));
    const cards = await service.cards();
    new Explorer(service, cards);
  } catch (error) {
    root.replaceChildren(failure(error, start));
  }
}

root.append(waiting());
start();
