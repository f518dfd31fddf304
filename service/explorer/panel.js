// The panel at the right: one sample in every detail, or how to use the whole selection.

import { draw } from "../client.js";
import { title, totalOf } from "./controls.js";
import { copyButton, count, decimal, failure, make, percent } from "./make.js";
import { snippets, TOOLS } from "./snippets.js";
import { change, choiceOf, lookOf, splitOf, state } from "./state.js";

const SIDE = 336; // CSS pixels of the large picture, at most
let tool = TOOLS[0]; // the snippet shown last stays shown

/** Fill the panel as the state wants it; `step` goes to the sample before or behind. */
export function panel(root, { service, cards, step, closed }) {
  let asking = null;

  const close = () => {
    change({ sample: null, use: false });
    closed();
  };

  function show(now) {
    asking?.abort();
    root.hidden = now.sample === null && !now.use;
    document.body.classList.toggle("with-panel", !root.hidden);
    document.body.classList.toggle("with-sample", now.sample !== null);
    if (root.hidden) return root.replaceChildren();
    const card = cards.find((one) => one.name === now.dataset);
    if (now.use) return root.replaceChildren(...selection(now, card));
    if (!root.querySelector(".picture")) root.replaceChildren(head(`Sample ${count(now.sample)}`), make("div", { class: "picture waiting" }));
    asking = new AbortController();
    return sample(now, card, asking.signal);
  }

  const head = (text, ...tools) =>
    make("div", { class: "panel-head" }, make("h2", {}, text), make("div", { class: "panel-tools" }, tools,
      make("button", { type: "button", class: "plain icon", "aria-label": "Close details", "aria-keyshortcuts": "Escape", onclick: close }, "✕")));

  async function sample(now, card, signal) {
    const split = splitOf(now);
    let found;
    try {
      found = await service.sample(split, now.sample, { signal });
    } catch (error) {
      if (!signal.aborted) root.replaceChildren(head("Details"), failure(error, () => show(state())));
      return;
    }
    const near = make("div", { class: "near", "aria-busy": "true" }, Array.from({ length: 12 }, () => make("span", { class: "thumb waiting" })));
    const scroll = root.scrollTop;
    root.replaceChildren(
      head(`Sample ${count(found.index)}`,
        make("button", { type: "button", class: "plain icon", "aria-label": "Sample before", onclick: () => step(-1) }, "←"),
        make("button", { type: "button", class: "plain icon", "aria-label": "Sample after", onclick: () => step(1) }, "→")),
      picture(found, card),
      facts(found, card, now),
      section("Nearest neighbours", make("p", { class: "hint" }, `Euclidean distance on raw pixels, among all of ${now.split}`), near),
      section("Links", links(found, card, now)),
      section("Use it", code({ split, parameters: { offset: found.index, limit: 1 }, total: 1, card })),
      numbers(found),
    );
    root.scrollTop = scroll;
    neighbours(near, found, split, card, signal);
  }

  async function neighbours(place, found, split, card, signal) {
    try {
      const near = await service.neighbors(split, found.index, { k: 12, signal });
      place.replaceChildren(...near.map(({ index, label, distance }) =>
        make("button", {
          type: "button", class: "neighbour",
          onclick: () => change({ sample: index, ...(state().label.length || state().seed !== null ? {} : { at: index }) }),
        },
        make("img", { src: service.pictureUrl(split, index, { ...lookOf(state()), rev: card.rev }), width: 48, height: 48, alt: `Sample ${index}, label` }),
        make("span", { class: label === found.label ? "" : "other" }, `${label}`),
        make("small", { title: "distance" }, distance < 100 ? decimal(distance, 1) : Math.round(distance)))));
      place.removeAttribute("aria-busy");
    } catch (error) {
      if (!signal.aborted) place.replaceChildren(failure(error, () => neighbours(place, found, split, card, signal)));
    }
  }

  function selection(now, card) {
    const total = totalOf(now, card);
    const parameters = choiceOf(now);
    const split = splitOf(now);
    const rows = service.url(`v1/datasets/${split}/rows`, { ...parameters, rev: card.rev });
    return [
      head("Use this selection"),
      make("p", { class: "lead" }, `${count(total)} samples of ${title(now.dataset)} ${now.split}`,
        now.label.length ? `, label ${now.label.join(", ")}` : "", now.seed === null ? "." : `, shuffled with seed ${now.seed}.`,
        " The same address always gives the same samples in the same order."),
      section("Code", code({ split, parameters, total, card })),
      section("Addresses", make("ul", { class: "links" },
        link("Rows", rows),
        link("Contact sheet", service.gridUrl(split, { ...parameters, ...lookOf(now), rev: card.rev })),
        ...(Object.keys(parameters).length ? [] : ["parquet", "csv", "npz", "arrow"].map((kind) => link(kind, service.url(`v1/datasets/${split}.${kind}`, { rev: card.rev })))))),
    ];
  }

  const code = ({ split, parameters, total, card }) => {
    const all = snippets(service, { split, parameters, total, rev: card.rev, image: card.image_shape, peak: card.range[1] });
    const text = make("pre", { tabIndex: 0, role: "region", "aria-label": "Code" });
    const choose = (name) => {
      tool = name;
      text.textContent = all[name];
      for (const button of buttons.querySelectorAll("button[value]")) button.setAttribute("aria-pressed", button.value === name);
    };
    const buttons = make("div", { class: "code-head" },
      make("div", { class: "tools-list" }, TOOLS.map((name) => make("button", { type: "button", class: "tab", value: name, onclick: () => choose(name) }, name))),
      copyButton(() => all[tool], "code"));
    choose(tool);
    return make("div", { class: "code" }, buttons, text);
  };

  return { show };
}

const section = (name, ...parts) => make("section", {}, make("h3", {}, name), parts);

const link = (name, url) =>
  make("li", {}, make("a", { href: url, target: "_blank", rel: "noopener" }, name), copyButton(url, `address of ${name}`));

function links(found, card, now) {
  const base = new URL(".", document.baseURI).href;
  const look = new URLSearchParams(lookOf(now)).toString();
  const names = [["PNG", "png"], ["SVG", "svg"], ["JSON", "self"], ["Row", "row"]];
  return make("ul", { class: "links" },
    link("This view", location.href),
    names.filter(([, relation]) => found.links[relation]).map(([name, relation]) => {
      const url = new URL(found.links[relation], base).href;
      return link(name, look && ["png", "svg"].includes(relation) ? `${url}&${look}` : url);
    }));
}

function picture(found, card) {
  const [height, width] = card.image_shape;
  const peak = card.range[1];
  const scale = Math.floor(SIDE / width);
  const canvas = make("canvas", { class: "large", role: "img", "aria-label": `Picture of sample ${found.index}, a ${found.name}` });
  const { cmap = "gray", invert = false } = lookOf(state());
  draw(canvas, found.image.flat(), { scale, cmap, invert, peak, width });
  const cell = make("div", { class: "cell", hidden: true });
  const readout = make("p", { class: "readout" }, "Point at a pixel to read its value");
  const frame = make("div", { class: "picture" }, make("div", { class: "canvas" }, canvas, cell), readout);
  canvas.addEventListener("pointermove", (event) => {
    const box = canvas.getBoundingClientRect();
    const column = Math.min(width - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * width)));
    const row = Math.min(height - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * height)));
    const value = found.image[row][column];
    const side = box.width / width;
    cell.hidden = false;
    Object.assign(cell.style, { width: `${side}px`, height: `${side}px`, transform: `translate(${column * side}px, ${row * side}px)` });
    readout.replaceChildren(`row ${row}, column ${column}`, make("b", {}, `${value}`), make("span", {}, `${(value / peak).toFixed(4)} of ${peak}`));
  });
  canvas.addEventListener("pointerleave", () => {
    cell.hidden = true;
    readout.textContent = "Point at a pixel to read its value";
  });
  return frame;
}

function facts(found, card, now) {
  const values = found.image.flat();
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const inked = values.filter(Boolean).length / values.length;
  const pairs = [["Label", found.name], ["Index", count(found.index)], ["Split", `${title(now.dataset)} ${now.split}`],
    ["Mean", decimal(mean)], ["Inked", percent(inked)], ["Revision", found.rev]];
  return make("dl", { class: "facts" }, pairs.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));
}

function numbers(found) {
  const wide = Math.max(...found.image.flat()) > 99 ? 3 : 2;
  const text = found.image.map((row) => row.map((value) => String(value).padStart(wide)).join(" ")).join("\n");
  return make("details", { class: "numbers" },
    make("summary", {}, "The row as numbers"),
    make("pre", { tabIndex: 0, role: "region", "aria-label": "Pixel values" }, text),
    copyButton(found.image.flat().join(","), "row"));
}
