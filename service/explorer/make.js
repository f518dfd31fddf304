// Elements of the page from JavaScript, and how numbers and names are written.

/** An element: properties starting with "on" listen, "data" and "aria-…" become attributes, the others are set. */
export function make(name, properties = {}, ...children) {
  const namespace = ["svg", "rect", "path", "line", "text", "g"].includes(name) ? "http://www.w3.org/2000/svg" : null;
  const node = namespace ? document.createElementNS(namespace, name) : document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "data") Object.assign(node.dataset, value);
    else if (namespace || key.includes("-") || key === "role" || key === "for" || key === "colspan")
      node.setAttribute(key, value);
    else if (key === "class") node.className = value;
    else node[key] = value;
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

const TITLES = { mnist: "MNIST", digits: "digits" };

/** How a dataset is called on the page. */
export const title = (dataset) => TITLES[dataset] ?? dataset;

/** 60000 as "60,000". */
export const count = (number) => number.toLocaleString("en-US");

/** A number with so many decimals, its minus a real one. */
export const decimal = (number, places = 2) => number.toFixed(places).replace("-", "−");

/** A share as a percentage. */
export const percent = (share, places = 1) => `${(100 * share).toFixed(places)}\u00a0%`;

/** Say something for a moment, to eyes and to screen readers. */
export function toast(text) {
  const place = document.getElementById("toast");
  place.textContent = text;
  place.classList.add("shown");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => place.classList.remove("shown"), Math.max(2000, 70 * text.length)); // time to read it
}

/** Copy, and say so. */
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make("textarea", { value: text, class: "unseen" }); // pages without https have no clipboard
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  toast(`${what} copied`);
}

/** A button that copies. */
export const copyButton = (text, what) =>
  make(
    "button",
    {
      type: "button",
      class: "copy",
      "aria-label": `Copy ${what}`,
      onclick: () => copy(typeof text === "function" ? text() : text, what),
    },
    "Copy",
  );

/**
 * Whether keys go to an element, so that what they act on has to be marked: unlike :focus-visible, also if a key is
 * pressed where a pointer was last. Returns what tells it; `changed()` is called when it changes.
 */
export function watchKeys(element, changed) {
  let used = false;
  const become = (now) => {
    if (now === used) return;
    used = now;
    changed();
  };
  element.addEventListener("focus", () => become(element.matches(":focus-visible")));
  element.addEventListener("blur", () => become(false));
  element.addEventListener("pointerdown", () => become(false));
  element.addEventListener("keydown", () => become(true), { capture: true });
  return () => used;
}

const styles = new Map(); // promises by name

/** Load a style sheet of the explorer, once; resolves when it applies. */
export function style(name) {
  if (!styles.has(name)) styles.set(name, loadStyle(`explorer/${name}.css`).catch((error) => forget(name, error)));
  return styles.get(name);
}

function forget(name, error) {
  styles.delete(name);
  throw error;
}

function loadStyle(href) {
  return new Promise((done, failed) => {
    const onerror = () => failed(new TypeError(`${href} did not come.`));
    document.head.append(make("link", { rel: "stylesheet", href, onload: done, onerror }));
  });
}
