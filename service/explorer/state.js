// What is being looked at. All of it is in the address, so that any view can be shared, kept and gone back to:
// #/samples/mnist/train?label=3&seed=7&cmap=viridis&sample=123

export const VIEWS = ["samples", "labels", "statistics", "map", "compare"];
export const COLOUR_MAPS = ["gray", "viridis", "magma", "inferno", "plasma", "cividis"];
export const PAPERS = ["auto", "black", "white"];
export const SIZES = ["s", "m", "l"];

const DEFAULTS = {
  view: "samples",
  dataset: "mnist",
  split: "train",
  label: [],
  seed: null, // file order
  cmap: "gray",
  paper: "auto",
  size: "m",
  at: 0, // position in the selection
  sample: null, // index of the sample in the panel
  use: false, // whether the panel tells how to use the selection
};

/** State from the fragment of an address; what makes no sense is left out. */
export function parse(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [view, dataset, split] = path.split("/");
  const given = new URLSearchParams(query);
  const integer = (name) => (/^\d{1,20}$/.test(given.get(name) ?? "") ? given.get(name) : null);
  const one = (name, known) => (known.includes(given.get(name)) ? given.get(name) : DEFAULTS[name]);
  return {
    ...DEFAULTS,
    view: VIEWS.includes(view) ? view : DEFAULTS.view,
    dataset: dataset || DEFAULTS.dataset,
    split: split || DEFAULTS.split,
    label: [
      ...new Set(
        given
          .getAll("label")
          .filter((label) => /^\d{1,3}$/.test(label))
          .map(Number),
      ),
    ].sort((a, b) => a - b),
    seed: integer("seed"),
    cmap: one("cmap", COLOUR_MAPS),
    paper: one("paper", PAPERS),
    size: one("size", SIZES),
    at: Number(integer("at") ?? 0),
    sample: integer("sample") === null ? null : Number(integer("sample")),
    use: given.get("use") === "true",
  };
}

/** The fragment of a state: only what differs from the default. */
export function format(state) {
  const query = new URLSearchParams();
  for (const label of state.label) query.append("label", label);
  for (const name of ["seed", "cmap", "paper", "size", "at", "sample", "use"]) {
    if (state[name] !== DEFAULTS[name]) query.set(name, state[name]);
  }
  const text = query.toString();
  return `#/${state.view}/${state.dataset}/${state.split}${text && `?${text}`}`;
}

const listeners = [];
let present = parse(location.hash);

export const state = () => present;

/** Call `listener(state, changed)` whenever something changes; `changed(name, …)` tells whether one of these did. */
export const watch = (listener) => listeners.push(listener);

/** Change some of the state. `quietly` replaces the present entry of the history instead of adding one. */
export function change(patch, { quietly = false } = {}) {
  const next = { ...present, ...patch };
  if (format(next) === format(present)) return;
  history[quietly ? "replaceState" : "pushState"](null, "", format(next));
  become(next);
}

function become(next) {
  const before = present;
  present = next;
  const changed = (...names) => names.some((name) => JSON.stringify(before[name]) !== JSON.stringify(next[name]));
  for (const listener of listeners) listener(next, changed);
}

addEventListener("popstate", () => become(parse(location.hash)));

/** The path of the split in the interface: "mnist/train". */
export const splitOf = (state) => `${state.dataset}/${state.split}`;

/** Which samples in which order, as parameters of the interface. */
export const choiceOf = (state) => ({
  ...(state.label.length ? { label: state.label } : {}),
  ...(state.seed === null ? {} : { seed: state.seed }),
});

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
