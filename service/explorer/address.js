// What is being looked at, as text: the fragment of an address, so that any view can be shared and gone back to:
// #/samples/mnist/train?label=3&seed=7&cmap=viridis&sample=123; and how often it may be written. Knows nothing of the
// page: history and clock are given to it.

export const VIEWS = ["samples", "labels", "statistics", "map", "compare"];
export const COLOUR_MAPS = ["gray", "viridis", "magma", "inferno", "plasma", "cividis"];
export const PAPERS = ["auto", "black", "white"];
export const SIZES = ["s", "m", "l"];

const LARGEST_SEED = 2n ** 64n - 1n; // of order v1

export const DEFAULTS = Object.freeze({
  view: "samples",
  dataset: "mnist",
  split: "train",
  label: Object.freeze([]),
  seed: null, // file order
  cmap: "gray",
  paper: "auto",
  size: "m",
  at: 0, // position in the selection
  sample: null, // index of the sample in the panel
  use: false, // whether the panel tells how to use the selection
});

/** A seed in its shortest form, as text because it may have 64 bits; null if the text is none. */
export function readSeed(text) {
  const digits = text.trim();
  if (!/^\d{1,40}$/.test(digits) || BigInt(digits) > LARGEST_SEED) return null;
  return String(BigInt(digits));
}

/** What to say when `readSeed` gives null. */
export const SEED_RULE = `A seed is a whole number from 0 to ${LARGEST_SEED.toLocaleString("en-US")}.`;

/** A whole number from 0 to 2^53 - 1; null if the text is none. */
export function readNumber(text) {
  const digits = text.trim();
  return /^\d{1,16}$/.test(digits) && Number.isSafeInteger(Number(digits)) ? Number(digits) : null;
}

const among = (names) => ({
  read: (text) => (names.includes(text) ? text : null),
  rule: `It is one of ${names.join(", ")}.`,
});

const NUMBER = { read: readNumber, rule: "It is a whole number from 0." };

const PARAMETERS = {
  seed: { read: readSeed, rule: SEED_RULE },
  cmap: among(COLOUR_MAPS),
  paper: among(PAPERS),
  size: among(SIZES),
  at: NUMBER,
  sample: NUMBER,
  use: { read: (text) => ({ true: true, false: false })[text] ?? null, rule: "It is true or false." },
};

/** The state that a fragment describes, and a sentence for each part that makes no sense and is left out. */
export function parse(fragment) {
  const [path, query = ""] = fragment.replace(/^#\/?/, "").split("?");
  const [view, dataset, split] = path.split("/");
  const faults = [];
  const state = { ...DEFAULTS, dataset: dataset || DEFAULTS.dataset, split: split || DEFAULTS.split, label: [] };
  if (VIEWS.includes(view)) state.view = view;
  else if (view) faults.push(`There is no view “${view}”. It is one of ${VIEWS.join(", ")}.`);
  for (const [name, text] of new URLSearchParams(query)) {
    if (name === "label") readLabel(text, state, faults);
    else if (Object.hasOwn(PARAMETERS, name)) {
      const value = PARAMETERS[name].read(text);
      if (value === null) faults.push(`${name}=${text} in the address was ignored. ${PARAMETERS[name].rule}`);
      else state[name] = value;
    } else faults.push(`${name} in the address was ignored. The explorer has no such parameter.`);
  }
  state.label.sort((a, b) => a - b);
  return { state: Object.freeze(state), faults };
}

function readLabel(text, state, faults) {
  const label = readNumber(text);
  if (label === null) faults.push(`label=${text} in the address was ignored. A label is a whole number from 0.`);
  else if (!state.label.includes(label)) state.label.push(label);
}

/** The fragment of a state: only what differs from the default. */
export function format(state) {
  const query = new URLSearchParams();
  for (const label of state.label) query.append("label", label);
  for (const name of Object.keys(PARAMETERS)) {
    if (state[name] !== DEFAULTS[name]) query.set(name, state[name]);
  }
  const text = query.toString();
  return `#/${state.view}/${state.dataset}/${state.split}${text && `?${text}`}`;
}

/** The state after a change: a position is one of a selection, and an index one of a split, so they end with it. */
export function amend(state, patch) {
  const changes = (...names) => names.some((name) => name in patch && !same(patch[name], state[name]));
  const next = { ...state };
  if (changes("dataset", "split", "label", "seed")) next.at = 0;
  if (changes("dataset", "split")) next.sample = null;
  if (patch.use) next.sample = null;
  if (patch.sample !== undefined && patch.sample !== null) next.use = false;
  return Object.freeze(Object.assign(next, patch));
}

/** Whether two values of a state are equal. */
export const same = (one, other) => String(one) === String(other);

const WINDOW = 30_000; // milliseconds; Safari throws after 100 writes in this time
const MOST = 80; // writes in it
const PAUSE = 500; // milliseconds between replacements, of which a held key causes 30 a second

/** Writes the address of the page no more often than browsers allow. */
export class AddressWriter {
  /** `push` and `replace` write a fragment; `now` and `later(action, milliseconds)` are the clock. */
  constructor({ push, replace, now = Date.now, later = (action, delay) => setTimeout(action, delay) }) {
    this.write = { push, replace };
    this.clock = { now, later };
    this.times = []; // of the writes in the window
    this.pending = null; // the fragment that replaces the present entry soon
    this.scheduled = false;
  }

  /** Add an entry to the history; if there were too many of late, change the present one instead. */
  push(fragment) {
    const needed = this.pending === null ? 1 : 2;
    if (this.#room() < needed) return this.replace(fragment);
    this.flush();
    return this.#write("push", fragment);
  }

  /** Change the present entry of the history: at once if it has not been changed lately, else soon. */
  replace(fragment) {
    this.pending = fragment;
    if (!this.scheduled) this.#settle();
  }

  /** Write what waits to be written, if the browser still takes it. */
  flush() {
    if (this.pending === null || this.#room() < 1) return;
    this.#write("replace", this.pending);
    this.pending = null;
  }

  /** Drop what waits to be written: its entry is no longer the present one. */
  forget() {
    this.pending = null;
  }

  #settle() {
    this.scheduled = false;
    const delay = this.#delay();
    if (delay === 0) this.flush();
    if (this.pending === null) return;
    this.scheduled = true;
    this.clock.later(() => this.#settle(), Math.max(1, delay));
  }

  #delay() {
    const now = this.clock.now();
    const last = this.times.at(-1) ?? -Infinity;
    const free = this.#room() > 0 ? now : this.times[0] + WINDOW;
    return Math.max(0, last + PAUSE - now, free - now);
  }

  #room() {
    const now = this.clock.now();
    this.times = this.times.filter((time) => time > now - WINDOW);
    return MOST - this.times.length;
  }

  #write(kind, fragment) {
    this.times.push(this.clock.now());
    this.write[kind](fragment);
  }
}
