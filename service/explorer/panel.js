// The panel at the right: one sample in every detail, or how to use the whole selection. Its elements stay while the
// samples change, so that focus, scrolling and what was unfolded stay as well.

import { failure } from "./failure.js";
import { isPicked, toggle } from "./basket.js";
import { count, make } from "./make.js";
import { SampleDetails } from "./sample.js";
import { SelectionDetails } from "./use.js";
import { change, lookOf, state } from "./state.js";

export class Panel {
  /** Fill `root`; `closed` is called after the panel was closed by its button. */
  constructor(root, { service, active, closed }) {
    Object.assign(this, { root, service, active, closed });
    const tool = (text, name, onclick, more) =>
      make("button", { type: "button", class: "plain icon", "aria-label": name, onclick, ...more }, text);
    this.title = make("h2", { tabIndex: -1, "aria-live": "polite" });
    this.steps = [
      tool("←", "Sample before", () => active.step(-1)),
      tool("→", "Sample after", () => active.step(1)),
    ];
    const pick = () => toggle(state().sample);
    this.pick = make("button", { type: "button", class: "button small toggle", onclick: pick });
    const close = tool("✕", "Close details", () => this.close(), { "aria-keyshortcuts": "Escape" });
    const tools = make("div", { class: "panel-tools" }, this.pick, this.steps, close);
    this.outside = make("div", { class: "outside", role: "status" });
    this.trouble = make("div");
    this.sample = new SampleDetails({ service, active, open: (index) => this.#seek(index) });
    this.use = new SelectionDetails({ service });
    root.replaceChildren(
      make("div", { class: "panel-head" }, this.title, tools),
      this.outside,
      this.trouble,
      this.sample.element,
      this.use.element,
    );
    active.watch(() => this.#tellOutside());
  }

  /** Show what the state asks for. */
  show(now) {
    this.asking?.abort();
    const card = this.active.cardOf(now);
    this.sample.element.hidden = now.sample === null;
    this.use.element.hidden = !now.use;
    for (const tool of [this.pick, ...this.steps]) tool.hidden = now.use;
    this.#showPick(now);
    this.trouble.replaceChildren();
    this.#tellOutside();
    if (now.use) {
      this.title.textContent = "Use this selection";
      this.use.show(now, card, this.active.selection);
    } else if (now.sample !== null) return this.#showSample(now, card);
    this.shown = null;
    return this.sample.rest();
  }

  close() {
    if (state().use) change({ use: false });
    else this.active.close();
    this.closed();
  }

  focus() {
    this.title.focus();
  }

  /** A sample that is shown already stays, with its neighbours: it may have been picked, or stand in another selection. */
  #showSample(now, card) {
    const key = JSON.stringify([now.dataset, now.split, now.sample, lookOf(now)]);
    if (this.shown === key) return this.sample.link(now);
    this.shown = null;
    return this.#ask(now, card, key);
  }

  async #ask(now, card, key) {
    this.asking = new AbortController();
    const { signal } = this.asking;
    this.title.textContent = `Sample ${count(now.sample)}`;
    this.sample.rest();
    try {
      const split = `${now.dataset}/${now.split}`;
      const found = await this.service.sample(split, now.sample, { signal });
      if (signal.aborted) return;
      this.sample.show(found, card, now);
      this.shown = key;
    } catch (error) {
      if (signal.aborted) return;
      this.sample.element.hidden = true;
      this.trouble.replaceChildren(failure(error, () => this.show(state())));
    }
  }

  /** Open a neighbour: the button that was pressed goes away, so focus goes to what is new. */
  #seek(index) {
    this.active.seek(index);
    this.focus();
    this.root.scrollTop = 0;
  }

  /** Say so if the sample that is open is not one of those beside it. */
  #tellOutside() {
    const { cursor, selection } = this.active;
    const index = cursor.outside ? cursor.wanted : null;
    if (String(index) === this.outside.dataset.index) return;
    this.outside.dataset.index = String(index);
    if (index === null) return this.outside.replaceChildren();
    const { among, remedy, patch } = explain(selection, index);
    this.outside.replaceChildren(
      make("p", {}, `Sample ${count(index)} is not among the ${count(selection.count)} samples ${among}.`),
      make("button", { type: "button", class: "button small", onclick: () => change(patch) }, remedy),
    );
  }

  #showPick(now) {
    const picked = now.sample !== null && isPicked(now.sample);
    this.pick.setAttribute("aria-pressed", picked);
    this.pick.textContent = picked ? "Picked" : "Pick";
  }
}

/** Why a selection does not contain a sample, and the change of the state that helps. */
function explain({ drawn, parameters: { index: basket, label = [] } }, index) {
  if (basket) return { among: "that are picked", remedy: "Show all samples", patch: { only: false } };
  if (!drawn) return { among: `labelled ${label.join(", ")}`, remedy: "Show all labels", patch: { label: [] } };
  const patch = { view: "samples", label: [], seed: null, order: "file", sample: index };
  return { among: "drawn on this map", remedy: "Show it in the grid", patch };
}
