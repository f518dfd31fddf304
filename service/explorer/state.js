// The present state of the page: read, changed and watched here, and kept in the address.

import { AddressWriter, amend, format, parse, revisit, same } from "./address.js";

export { COLOUR_MAPS, VIEWS } from "./address.js";

const listeners = [];
const first = parse(location.hash);
let present = first.state;
let faults = first.faults;

const OURS = "explorer"; // marks entries of the history, apart from those of links and of addresses that are typed

const writer = new AddressWriter({
  push: (fragment) => history.pushState(OURS, "", fragment),
  replace: (fragment) => history.replaceState(OURS, "", fragment),
});
history.replaceState(OURS, "");

const ALONE = window !== window.parent && first.state.embed; // in a frame, wherever its links lead

export const state = () => present;

/** What the address asked for and makes no sense, in sentences; they are told once. */
export function takeFaults() {
  const taken = faults;
  faults = [];
  return taken;
}

/** Call `listener(state, changed)` whenever something changes; `changed(name, …)` tells whether one of these did. */
export const watch = (listener) => listeners.push(listener);

/** Change some of the state. `quietly` replaces the present entry of the history instead of adding one. */
export function change(patch, { quietly = false } = {}) {
  const next = amend(present, patch);
  if (format(next) === format(present)) return;
  writer[quietly ? "replace" : "push"](format(next));
  become(next);
}

/** The address of a state, or of the present one in the whole page: complete, to be shared. */
export const addressOf = (one = { ...present, embed: false }) => new URL(format(one), document.baseURI).href;

function become(next) {
  const before = present;
  present = next;
  const changed = (...names) => names.some((name) => !same(before[name], next[name]));
  for (const listener of listeners) listener(next, changed);
}

addEventListener("popstate", (event) => {
  writer.forget();
  const found = parse(location.hash);
  faults.push(...found.faults);
  const next = event.state === OURS ? revisit(found.state, present) : found.state;
  const kept = ALONE ? Object.freeze({ ...next, embed: true }) : next;
  if (event.state !== OURS || format(kept) !== location.hash) writer.replace(format(kept));
  become(kept);
});
addEventListener("pagehide", () => writer.flush());

/** Whether the page is dark now. */
export const isDark = () => {
  const theme = document.documentElement.dataset.theme;
  return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};

/** How pictures are drawn, as parameters of the interface: on automatic paper, grey ink follows the page. */
export function lookOf(state) {
  const invert = state.paper === "auto" ? state.cmap === "gray" && !isDark() : state.paper === "white";
  return { ...(state.cmap === "gray" ? {} : { cmap: state.cmap }), ...(invert ? { invert } : {}) };
}
