// What stands below the pad: pen and eraser, and buttons that change the whole drawing. They say what is wanted; the
// view does it.

import { readNumber } from "./address.js";
import { NumberField, segments } from "./fields.js";
import { make } from "./make.js";

const PENS = [
  ["pen", "Pen"],
  ["eraser", "Eraser"],
];

const button = (text, onclick) => make("button", { type: "button", class: "button small", onclick }, text);

export class PadTools {
  /**
   * `erase(on)` chooses between pen and eraser, `choose(index)` a sample to start from, which `start()` then does;
   * `total()` is the number of samples, `take(file)` gets a file of the user's. `undo()`, `clear()` and `settle()` are
   * called even if there is nothing to do, so that they can say it.
   */
  constructor({ erase, undo, clear, settle, take, start, choose, total }) {
    this.undo = button("Undo", undo);
    this.clear = button("Clear", clear);
    this.settle = button("", settle);
    const pens = segments("tool", PENS, (value) => erase(value === "eraser"));
    pens.querySelector("input").checked = true;
    this.element = make(
      "div",
      { class: "pad-tools" },
      make("div", { class: "pad-row" }, pens, this.undo, this.clear),
      make("div", { class: "pad-row" }, this.settle, opener(take)),
      this.#starter({ start, choose, total }),
    );
  }

  /** Show what can be done; a button that can do nothing says so, and keeps the focus if it has it. */
  show({ blank, undoes, settles }) {
    this.settle.hidden = !settles;
    this.settle.textContent = settles ?? "";
    for (const [one, off] of [[this.undo, !undoes], [this.clear, blank], [this.settle, blank]]) {
      one.setAttribute("aria-disabled", off);
    }
  }

  /** Name the sample to start from. */
  name(index) {
    this.sample.show(index ?? "");
  }

  #starter({ start, choose, total }) {
    this.sample = new NumberField({
      id: "start",
      read: (text) => {
        const index = readNumber(text);
        return index !== null && index < total() ? index : null;
      },
      rule: () => `An index is a whole number from 0 to ${total() - 1}.`,
      enter: choose,
    });
    const { input, fault } = this.sample;
    const put = () => input.validity.valid && start();
    input.addEventListener("keydown", (event) => event.key === "Enter" && put());
    const label = make("label", { for: "start" }, "Sample");
    return make("div", {}, make("div", { class: "pad-row" }, label, input, button("Start from it", put)), fault);
  }
}

/** A button that lets choose a file. */
function opener(take) {
  const input = make("input", { type: "file", accept: "image/*", hidden: true, tabIndex: -1 });
  input.addEventListener("change", () => {
    const [file] = input.files;
    input.value = ""; // so that the same file can be chosen again
    if (file) take(file);
  });
  return [button("Open a picture", () => input.click()), input];
}
