// The basket: samples that were picked, in the order in which they were. The state holds it; here is what is done with
// it, and its group among the controls.

import { MOST_PICKED } from "./address.js";
import { group } from "./fields.js";
import { count, make, toast } from "./make.js";
import { CHOOSING, isBasket, join, without } from "./selection.js";
import { change, state } from "./state.js";

/** Whether a sample is in the basket. */
export const isPicked = (index) => state().index.includes(index);

const held = () => `${count(state().index.length)} in the basket.`;

/** Put samples into the basket: all of them, or none if they are too many. */
export function pick(indices) {
  const before = state().index;
  const next = join(before, indices);
  if (next === null) return refuse(indices.length);
  const more = next.length - before.length;
  change({ index: next }, { quietly: true });
  const what = indices.length === 1 ? `Sample ${count(indices[0])}` : `${count(more)} ${more === 1 ? "sample" : "samples"}`;
  return toast(`${what} picked. ${held()}`);
}

/** Say that so many samples do not fit. */
function refuse(number) {
  const full = `The basket holds at most ${MOST_PICKED} samples, as many as an address can carry.`;
  toast(`${full} ${count(number)} more do not fit: pick fewer, or clear it first.`);
}

/** Take samples out of the basket. */
export function drop(indices) {
  const before = state().index;
  const next = without(before, indices);
  change({ index: next }, { quietly: true });
  if (indices.length === 1) toast(`Sample ${count(indices[0])} is no longer picked. ${held()}`);
  else toast(`${count(before.length - next.length)} samples are no longer picked. ${held()}`);
}

/** Pick a sample, or take it out of the basket. Without an index, which says that it is not known yet, nothing happens. */
export function toggle(index) {
  if (index === undefined) return;
  if (isPicked(index)) drop([index]);
  else pick([index]);
}

/** Pick the samples in a loop; if all of them are picked already, take them out of the basket. */
export function pickInside(indices) {
  if (indices.length === 0) toast("No sample is inside the loop.");
  else if (indices.every(isPicked)) drop(indices);
  else pick(indices);
}

/** Pick every sample from the active one to the one at a position, which becomes the active one. */
export async function pickThrough(active, position) {
  const [first, last] = [active.cursor.position, position].sort((one, other) => one - other);
  if (last - first >= MOST_PICKED) return refuse(last - first + 1);
  try {
    pick(await active.order.between(first, last));
    return active.move(position);
  } catch (error) {
    return toast(`The samples between were not picked. ${error.message}`);
  }
}

/** The basket among the controls. */
export function basket() {
  const kept = new Map(); // the last basket of each split, to be brought back
  const keyOf = ({ dataset, split }) => `${dataset}/${split}`;
  const button = (text, onclick, kind) => make("button", { type: "button", class: kind, onclick }, text);
  const clear = button("Clear", () => change({ index: [] }), "link");
  const back = button("", () => change({ index: kept.get(keyOf(state())) }), "link");
  const only = button("Show only these", () => change({ only: !state().only }), "button small toggle");
  const number = make("span", {});
  const row = make("p", { class: "picked" }, number, clear, back);
  const hint = make("p", { class: "hint" });
  clear.addEventListener("click", () => back.focus());
  back.addEventListener("click", () => only.focus());
  const show = (now) => {
    if (now.index.length) kept.set(keyOf(now), now.index);
    const last = kept.get(keyOf(now)) ?? [];
    const empty = now.index.length === 0;
    row.hidden = empty && last.length === 0;
    number.textContent = empty ? "Nothing picked" : `${count(now.index.length)} picked`;
    back.textContent = `Bring back ${count(last.length)}`;
    back.hidden = !empty || last.length === 0;
    clear.hidden = only.hidden = empty;
    only.setAttribute("aria-pressed", isBasket(now));
    hint.textContent = isBasket(now) ? "Labels and order do not apply to these." : empty ? howTo(now.view) : "";
  };
  return { element: group("Basket", CHOOSING, row, only, hint), show };
}

const TOUCH = matchMedia("(pointer: coarse)");
const MODIFIER = /Mac/.test(navigator.platform) ? "⌘" : "Ctrl";

/** How samples are picked in a view. */
function howTo(view) {
  if (view === "map") return TOUCH.matches ? "Pick samples with the lasso" : "Pick samples with P or the lasso";
  return TOUCH.matches ? "Pick samples in their details" : `Pick samples with P or ${MODIFIER} + click`;
}
