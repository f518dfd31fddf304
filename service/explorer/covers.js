// What covers the view: on narrow pages the filters, on phones the panel as well. What is covered takes no focus.

const NARROW = matchMedia("(max-width: 720px)"); // one column: see frame.css
const MIDDLE = matchMedia("(max-width: 1000px)"); // the panel takes the place of the filters

export class Covers {
  /** `leave` moves the focus to the view, after a cover is gone. */
  constructor(leave) {
    this.leave = leave;
    this.covered = [document.getElementById("view"), document.getElementById("request")];
    this.filters = document.getElementById("filters");
    this.panel = document.getElementById("panel");
    this.opener = document.querySelector(".filters-button");
    this.filtersOpen = false;
    this.opener.addEventListener("click", () => (this.filtersOpen ? this.closeFilters() : this.openFilters()));
    for (const query of [NARROW, MIDDLE]) query.addEventListener("change", () => this.#arrange());
    this.#arrange();
  }

  /** Whether the panel lies over the view. */
  get coversView() {
    return NARROW.matches;
  }

  /** Show or hide the panel; with a `sample` in it, the view marks that. */
  showPanel(shown, { sample }) {
    const focused = this.panel.contains(document.activeElement);
    this.panel.hidden = !shown;
    document.body.classList.toggle("with-panel", shown);
    document.body.classList.toggle("with-sample", sample);
    this.#arrange();
    if (!shown && focused) this.leave();
  }

  /** Show the filters where they are not shown anyway. */
  openFilters() {
    if (!this.#hidesFilters()) return;
    this.filtersOpen = true;
    this.#arrange();
    this.filters.querySelector("input, button").focus();
  }

  /** Hide the filters where they cover something; tells whether they did. */
  closeFilters() {
    const focused = this.filters.contains(document.activeElement);
    const covered = this.filtersOpen;
    this.filtersOpen = false;
    this.#arrange();
    if (covered && focused) this.opener.focus();
    return covered;
  }

  #hidesFilters() {
    return NARROW.matches || (MIDDLE.matches && !this.panel.hidden);
  }

  #arrange() {
    if (!this.#hidesFilters()) this.filtersOpen = false;
    document.body.classList.toggle("with-filters", this.filtersOpen);
    document.body.classList.toggle("without-filters", this.#hidesFilters());
    this.opener.setAttribute("aria-expanded", this.filtersOpen);
    for (const one of this.covered) one.inert = this.filtersOpen || (NARROW.matches && !this.panel.hidden);
    this.panel.inert = this.filtersOpen;
  }
}
