// The panel at the right: one sample in every detail, or how to use the whole selection. Its elements stay while the
// samples change, so that focus, scrolling and what was unfolded stay as well.

import { failure } from "./failure.js";
import { count, make } from "./make.js";
import { SampleDetails } from "./sample.js";
import { SelectionDetails } from "./use.js";
import { change, state } from "./state.js";

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
    const close = tool("✕", "Close details", () => this.close(), { "aria-keyshortcuts": "Escape" });
    const tools = make("div", { class: "panel-tools" }, this.steps, close);
    this.outside = make("div", { class: "outside", role: "status" });
    this.trouble = make("div");
    this.sample = new SampleDetails({ service, open: (index) => this.#seek(index) });
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
    for (const step of this.steps) step.hidden = now.use;
    this.trouble.replaceChildren();
    this.#tellOutside();
    if (now.use) {
      this.title.textContent = "Use this selection";
      this.use.show(now, card, this.active.selection);
    } else if (now.sample !== null) this.#ask(now, card);
    else this.sample.rest();
  }

  close() {
    if (state().use) change({ use: false });
    else this.active.close();
    this.closed();
  }

  focus() {
    this.title.focus();
  }

  async #ask(now, card) {
    this.asking = new AbortController();
    const { signal } = this.asking;
    this.title.textContent = `Sample ${count(now.sample)}`;
    this.sample.rest();
    try {
      const split = `${now.dataset}/${now.split}`;
      const found = await this.service.sample(split, now.sample, { signal });
      if (!signal.aborted) this.sample.show(found, card, now);
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
    const { label = [] } = selection.parameters;
    const among = `${selection.drawn ? "drawn on this map" : `labelled ${label.join(", ")}`}`;
    const remedy = selection.drawn
      ? ["Show it in the grid", () => change({ view: "samples", label: [], seed: null, sample: index })]
      : ["Show all labels", () => change({ label: [] })];
    this.outside.replaceChildren(
      make("p", {}, `Sample ${count(index)} is not among the ${count(selection.count)} samples ${among}.`),
      make("button", { type: "button", class: "button small", onclick: remedy[1] }, remedy[0]),
    );
  }
}
