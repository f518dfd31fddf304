// Fields of the controls: choices side by side, and text fields that say what is wrong with what was typed.

import { make } from "./make.js";

/** A group of controls under a name, shown in these views. */
export function group(name, views, ...parts) {
  return make("fieldset", { class: "group", data: { for: views.join(" ") } }, make("legend", {}, name), parts);
}

/** One of a few values: [value, text] each. */
export function segments(name, options, choose) {
  const option = ([value, text]) =>
    make(
      "label",
      {},
      make("input", { type: "radio", name, value, onchange: () => choose(value) }),
      make("span", {}, text),
    );
  const about = { role: "radiogroup", "aria-label": name[0].toUpperCase() + name.slice(1) };
  return make("div", { class: "segments", ...about }, options.map(option));
}

/** Check the radio button of a value. */
export function check(form, name, value) {
  for (const input of form.querySelectorAll(`input[name="${name}"]`)) input.checked = input.value === String(value);
}

/**
 * A text field for a number: `read(text)` gives the value or null, `rule()` says what it must be, and `enter(value)`
 * takes it when it is entered. What is wrong stands below the field until it is corrected.
 */
export class NumberField {
  constructor({ id, read, rule, enter, ...properties }) {
    Object.assign(this, { read, rule, enter });
    this.fault = make("p", { class: "fault", id: `${id}-fault`, "aria-live": "polite" });
    const about = { type: "text", inputMode: "numeric", class: "field", "aria-describedby": `${id}-fault` };
    this.input = make("input", { id, ...about, ...properties });
    this.input.addEventListener("input", () => this.#tell(""));
    this.input.addEventListener("change", () => this.#take());
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault();
      if (event.key === "Enter") this.#take();
    });
  }

  /** Show a value, unless another one is being typed. */
  show(value) {
    if (document.activeElement === this.input && this.input.value !== "") return;
    this.input.value = value;
    this.#tell("");
  }

  #take() {
    if (this.input.value.trim() === "") return;
    const value = this.read(this.input.value);
    this.#tell(value === null ? this.rule() : "");
    if (value !== null) this.enter(value);
  }

  #tell(fault) {
    this.fault.textContent = fault;
    this.input.setCustomValidity(fault);
    if (fault) this.input.setAttribute("aria-invalid", "true");
    else this.input.removeAttribute("aria-invalid");
  }
}
