// The panel at the right: one sample in every detail, or how to use the whole selection.

import { title, totalOf } from "./controls.js";
import { copyButton, count, decimal, failure, make } from "./make.js";
import { facts, link, links, numbers, picture } from "./sample.js";
import { snippets, TOOLS } from "./snippets.js";
import { change, choiceOf, lookOf, splitOf, state } from "./state.js";

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
    if (!root.querySelector(".picture"))
      root.replaceChildren(head(`Sample ${count(now.sample)}`), make("div", { class: "picture waiting" }));
    asking = new AbortController();
    return sample(now, card, asking.signal);
  }

  const head = (text, ...tools) =>
    make(
      "div",
      { class: "panel-head" },
      make("h2", {}, text),
      make(
        "div",
        { class: "panel-tools" },
        tools,
        make(
          "button",
          {
            type: "button",
            class: "plain icon",
            "aria-label": "Close details",
            "aria-keyshortcuts": "Escape",
            onclick: close,
          },
          "✕",
        ),
      ),
    );

  async function sample(now, card, signal) {
    const split = splitOf(now);
    let found;
    try {
      found = await service.sample(split, now.sample, { signal });
    } catch (error) {
      if (!signal.aborted)
        root.replaceChildren(
          head("Details"),
          failure(error, () => show(state())),
        );
      return;
    }
    const near = make(
      "div",
      { class: "near", "aria-busy": "true" },
      Array.from({ length: 12 }, () => make("span", { class: "thumb waiting" })),
    );
    const scroll = root.scrollTop;
    root.replaceChildren(
      head(
        `Sample ${count(found.index)}`,
        make(
          "button",
          { type: "button", class: "plain icon", "aria-label": "Sample before", onclick: () => step(-1) },
          "←",
        ),
        make(
          "button",
          { type: "button", class: "plain icon", "aria-label": "Sample after", onclick: () => step(1) },
          "→",
        ),
      ),
      picture(found, card),
      facts(found, card, now),
      section(
        "Nearest neighbours",
        make("p", { class: "hint" }, `Euclidean distance on raw pixels, among all of ${now.split}`),
        near,
      ),
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
      place.replaceChildren(
        ...near.map(({ index, label, distance }) =>
          make(
            "button",
            {
              type: "button",
              class: "neighbour",
              onclick: () =>
                change({ sample: index, ...(state().label.length || state().seed !== null ? {} : { at: index }) }),
            },
            make("img", {
              src: service.pictureUrl(split, index, { ...lookOf(state()), rev: card.rev }),
              width: 48,
              height: 48,
              alt: `Sample ${index}, label`,
            }),
            make("span", { class: label === found.label ? "" : "other" }, `${label}`),
            make("small", { title: "distance" }, distance < 100 ? decimal(distance, 1) : Math.round(distance)),
          ),
        ),
      );
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
      make(
        "p",
        { class: "lead" },
        `${count(total)} samples of ${title(now.dataset)} ${now.split}`,
        now.label.length ? `, label ${now.label.join(", ")}` : "",
        now.seed === null ? "." : `, shuffled with seed ${now.seed}.`,
        " The same address always gives the same samples in the same order.",
      ),
      section("Code", code({ split, parameters, total, card })),
      section(
        "Addresses",
        make(
          "ul",
          { class: "links" },
          link("Rows", rows),
          link("Contact sheet", service.gridUrl(split, { ...parameters, ...lookOf(now), rev: card.rev })),
          ...(Object.keys(parameters).length
            ? []
            : ["parquet", "csv", "npz", "arrow"].map((kind) =>
                link(kind, service.url(`v1/datasets/${split}.${kind}`, { rev: card.rev })),
              )),
        ),
      ),
    ];
  }

  const code = ({ split, parameters, total, card }) => {
    const all = snippets(service, {
      split,
      parameters,
      total,
      rev: card.rev,
      image: card.image_shape,
      peak: card.range[1],
    });
    const text = make("pre", { tabIndex: 0, role: "region", "aria-label": "Code" });
    const choose = (name) => {
      tool = name;
      text.textContent = all[name];
      for (const button of buttons.querySelectorAll("button[value]"))
        button.setAttribute("aria-pressed", button.value === name);
    };
    const buttons = make(
      "div",
      { class: "code-head" },
      make(
        "div",
        { class: "tools-list" },
        TOOLS.map((name) =>
          make("button", { type: "button", class: "tab", value: name, onclick: () => choose(name) }, name),
        ),
      ),
      copyButton(() => all[tool], "code"),
    );
    choose(tool);
    return make("div", { class: "code" }, buttons, text);
  };

  return { show };
}

const section = (name, ...parts) => make("section", {}, make("h3", {}, name), parts);
