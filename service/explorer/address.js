// What is being looked at, as text: the fragment of an address, so that any view can be shared and gone back to:
// #/samples/mnist/train?label=3&seed=7&cmap=viridis&sample=123; and how often it may be written. Knows nothing of the
// page: history and clock are given to it.

export const VIEWS = ["samples", "labels", "statistics", "map", "draw", "compare"];
export const COLOUR_MAPS = ["gray", "viridis", "magma", "inferno", "plasma", "cividis"];
export const PAPERS = ["auto", "black", "white"];
export const SIZES = ["s", "m", "l"];
export const ORDERS = ["file", "oddest"]; // without a seed
export const KINDS = ["pca", "tsne"]; // of maps

/** Samples in the basket, at most: the service reads addresses of 8,192 bytes, and each sample takes up to 12 of them. */
export const MOST_PICKED = 600;

const LARGEST_SEED = 2n ** 64n - 1n; // of order v1

export const DEFAULTS = Object.freeze({
  view: "samples",
  dataset: "mnist",
  split: "train",
  label: Object.freeze([]),
  seed: null, // not shuffled
  order: "file",
  index: Object.freeze([]), // the basket: samples that were picked, in this order
  only: false, // whether just the basket is shown
  kind: "pca",
  pixels: null, // of a drawing, as the interface takes them
  k: 10, // neighbours of a drawing
  cmap: "gray",
  paper: "auto",
  size: "m",
  at: 0, // position in the selection
  sample: null, // index of the sample in the panel
  use: false, // whether the panel tells how to use the selection
  embed: false, // whether the view stands alone, in a page of somebody else
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

/** How many neighbours of a drawing; null if the text is no such number. */
export function readNeighbours(text) {
  const k = readNumber(text);
  return k !== null && k >= 1 && k <= MOST_NEIGHBOURS ? k : null;
}

const MOST_NEIGHBOURS = 100;

/** What to say when `readNeighbours` gives null. */
export const NEIGHBOURS_RULE = `The number of neighbours is a whole number from 1 to ${MOST_NEIGHBOURS}.`;

const among = (names) => ({
  read: (text) => (names.includes(text) ? text : null),
  rule: `It is one of ${names.join(", ")}.`,
});

const FLAG = { read: (text) => ({ true: true, false: false })[text] ?? null, rule: "It is true or false." };
const NUMBER = { read: readNumber, rule: "It is a whole number from 0." };

const PARAMETERS = {
  seed: { read: readSeed, rule: SEED_RULE },
  order: among(ORDERS),
  only: FLAG,
  kind: among(KINDS),
  pixels: { read: (text) => (/^[\w-]+$/.test(text) ? text : null), rule: "It is the base64url of the bytes of a drawing." },
  k: { read: readNeighbours, rule: NEIGHBOURS_RULE },
  cmap: among(COLOUR_MAPS),
  paper: among(PAPERS),
  size: among(SIZES),
  at: NUMBER,
  sample: NUMBER,
  use: FLAG,
  embed: FLAG,
};

/** The state that a fragment describes, and a sentence for each part that makes no sense and is left out. */
export function parse(fragment) {
  const [path, query = ""] = fragment.replace(/^#\/?/, "").split("?");
  const [view, dataset, split] = path.split("/");
  const faults = [];
  const state = { ...DEFAULTS, dataset: dataset || DEFAULTS.dataset, split: split || DEFAULTS.split };
  const lists = { label: [], index: [] };
  if (VIEWS.includes(view)) state.view = view;
  else if (view) faults.push(`There is no view “${view}”. It is one of ${VIEWS.join(", ")}.`);
  for (const [name, text] of new URLSearchParams(query)) {
    if (Object.hasOwn(lists, name)) readInto(lists[name], name, text, faults);
    else if (Object.hasOwn(PARAMETERS, name)) {
      const value = PARAMETERS[name].read(text);
      if (value === null) faults.push(`${name}=${text} in the address was ignored. ${PARAMETERS[name].rule}`);
      else state[name] = value;
    } else faults.push(`${name} in the address was ignored. The explorer has no such parameter.`);
  }
  lists.label.sort((a, b) => a - b);
  reconcile(state, lists, faults);
  return { state: Object.freeze({ ...state, ...lists }), faults };
}

/** Leave out what does not go together. */
function reconcile(state, { index }, faults) {
  const over = index.splice(MOST_PICKED).length;
  if (over) faults.push(`The basket holds at most ${MOST_PICKED} samples. The last ${over} in the address were left out.`);
  if (state.only && index.length === 0) {
    faults.push("only=true in the address was ignored. The basket is empty, so there is nothing to show.");
    state.only = false;
  }
  if (state.seed !== null && state.order !== DEFAULTS.order) {
    faults.push(`order=${state.order} in the address was ignored. A seed shuffles the samples, which is an order already.`);
    state.order = DEFAULTS.order;
  }
}

/** Add a number to a list, unless that has it. */
function readInto(list, name, text, faults) {
  const number = readNumber(text);
  if (number === null) faults.push(`${name}=${text} in the address was ignored. ${NUMBER.rule}`);
  else if (!list.includes(number)) list.push(number);
}

/** The fragment of a state: only what differs from the default. */
export function format(state) {
  const query = new URLSearchParams();
  for (const name of ["label", "index"]) for (const one of state[name]) query.append(name, one);
  for (const name of Object.keys(PARAMETERS)) {
    if (state[name] !== DEFAULTS[name]) query.set(name, state[name]);
  }
  const text = query.toString();
  return `#/${state.view}/${state.dataset}/${state.split}${text && `?${text}`}`;
}

/**
 * The state after a change: a position is one of a selection, an index one of a split, and a drawing has the size of a
 * dataset's images, so they end with it. A seed and an order of its own exclude each other.
 */
export function amend(state, patch) {
  const changes = (...names) => names.some((name) => name in patch && !same(patch[name], state[name]));
  const next = { ...state };
  if (changes("dataset", "split", "label", "seed", "order", "only")) next.at = 0;
  if (changes("dataset", "split")) Object.assign(next, { sample: null, index: [], only: false });
  if (changes("dataset")) next.pixels = null;
  if (patch.order === "oddest") next.seed = null;
  else if (patch.seed !== undefined && patch.seed !== null) next.order = "file";
  if (patch.use) next.sample = null;
  if (patch.sample !== undefined && patch.sample !== null) next.use = false;
  Object.assign(next, patch);
  if (next.index.length === 0) next.only = false; // an empty basket shows nothing
  return Object.freeze(next);
}

/**
 * The state of an earlier entry of the history, with the basket of now: to go back, as from a sample that was picked
 * when it was open, takes nothing out of the basket.
 */
export function revisit(then, now) {
  if (then.dataset !== now.dataset || then.split !== now.split) return then;
  return Object.freeze({ ...then, index: now.index, only: then.only && now.index.length > 0 });
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
