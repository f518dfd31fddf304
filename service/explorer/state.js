// The present state of the page: read, changed and watched here, and kept in the address.

import { AddressWriter, amend, format, parse, same } from "./address.js";

export { COLOUR_MAPS, VIEWS } from "./address.js";

const listeners = [];
const first = parse(location.hash);
let present = first.state;
let faults = first.faults;

const writer = new AddressWriter({
  push: (fragment) => history.pushState(null, "", fragment),
  replace: (fragment) => history.replaceState(null, "", fragment),
});

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

/** The address of a state, or of the present one: complete, to be shared. */
export const addressOf = (one = present) => new URL(format(one), document.baseURI).href;

function become(next) {
  const before = present;
  present = next;
  const changed = (...names) => names.some((name) => !same(before[name], next[name]));
  for (const listener of listeners) listener(next, changed);
}

addEventListener("popstate", () => {
  writer.forget();
  const found = parse(location.hash);
  faults.push(...found.faults);
  become(found.state);
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
