// The samples: an endless contact sheet. One canvas as large as what is in view is drawn anew as it scrolls, from the
// sheets in memory; the scroll bar belongs to an empty element as tall as all the samples would be.

import { totalOf, title } from "./controls.js";
import { count, failure, make } from "./make.js";
import { change, choiceOf, lookOf, splitOf, state } from "./state.js";
import { shapeOf } from "./shape.js";
import { Sheets } from "./sheets.js";

const RETRY = 3_000; // milliseconds

/** Show the samples in `root`; returns what to call when the state changes, and at the end. */
export function samples(root, { service, cards }) {
  const canvas = make("canvas", { class: "sheet", "aria-hidden": "true" });
  const context = canvas.getContext("2d", { alpha: true });
  const ring = make("div", { class: "ring", id: "active-sample", role: "option", "aria-selected": "true" });
  const hover = make("div", { class: "ring hovered", "aria-hidden": "true" });
  const tall = make("div", { class: "tall" }, canvas, hover, ring);
  const list = make(
    "div",
    {
      class: "samples",
      id: "samples",
      role: "listbox",
      tabIndex: 0,
      "aria-label": "Samples",
      "aria-activedescendant": "active-sample",
      "aria-keyshortcuts": "ArrowLeft ArrowRight ArrowUp ArrowDown Enter",
    },
    tall,
  );
  const heading = make("h1", {});
  const facts = make("p", { class: "muted" });
  const trouble = make("div", { class: "trouble" });
  root.append(make("div", { class: "heading" }, heading, facts), trouble, list);

  let sheets = null;
  let total = 0;
  let shape = null;
  let position = 0; // of the active sample
  let following = false; // whether the panel waits for the active sample
  let pointed = -1;
  let planned = 0;
  let lastTop = 0;
  let settling = 0;
  let retry = 0;

  const card = () => cards.find((one) => one.name === state().dataset);
  const look = getComputedStyle(document.documentElement);

  function begin() {
    sheets?.close();
    clearTimeout(retry);
    trouble.replaceChildren();
    const now = state();
    following = false;
    total = totalOf(now, card());
    heading.textContent = `${title(now.dataset)} ${now.split}`;
    facts.textContent = describe(now, total);
    sheets = new Sheets(
      service,
      splitOf(now),
      { ...choiceOf(now), ...lookOf(now), rev: card().rev },
      { arrived, failed },
    );
    position = Math.min(now.at, Math.max(0, total - 1));
    measure();
    reveal(position, { top: true });
    plan();
  }

  function arrived() {
    trouble.replaceChildren();
    announce();
    if (following) follow();
    plan();
  }

  function failed(error) {
    clearTimeout(retry);
    trouble.replaceChildren(failure(error, plan));
    retry = setTimeout(plan, RETRY);
  }

  function measure() {
    const margin = parseFloat(look.getPropertyValue("--margin"));
    shape = shapeOf({ total, image: card().image_shape, size: state().size, width: list.clientWidth, margin });
    tall.style.height = `${shape.height}px`;
    const ratio = devicePixelRatio;
    canvas.style.width = `${list.clientWidth}px`;
    canvas.style.height = `${list.clientHeight}px`;
    canvas.width = Math.round(list.clientWidth * ratio);
    canvas.height = Math.round(list.clientHeight * ratio);
  }

  const inView = () => shape.within(list.scrollTop, list.clientHeight);

  function plan() {
    planned ||= requestAnimationFrame(draw);
  }

  function draw() {
    planned = 0;
    const top = list.scrollTop;
    const fast = Math.abs(top - lastTop) > 2 * list.clientHeight;
    lastTop = top;
    const [from, to] = inView();
    clearTimeout(settling);
    if (fast)
      settling = setTimeout(plan, 60); // flying past: draw, but ask only where it comes to rest
    else if (total) sheets.want(from, to - 1);

    const ratio = devicePixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, list.clientWidth, list.clientHeight);
    context.imageSmoothingEnabled = false;
    context.font = `11px ${look.getPropertyValue("--mono")}`;
    context.textBaseline = "top";
    const { tile, caption } = shape;
    const empty = look.getPropertyValue("--empty");
    const muted = look.getPropertyValue("--muted");
    for (let at = from; at < to; at++) {
      const { x, y } = shape.place(at);
      const sample = sheets.at(at);
      if (!sample) {
        context.fillStyle = empty;
        context.fillRect(x, y - top, tile.width, tile.height);
        continue;
      }
      context.drawImage(
        sample.image,
        sample.x,
        sample.y,
        sample.width,
        sample.height,
        x,
        y - top,
        tile.width,
        tile.height,
      );
      if (caption) {
        context.fillStyle = muted;
        context.fillText(
          tile.width > 80 ? `${sample.label}  #${sample.index}` : sample.label,
          x,
          y - top + tile.height + 4,
        );
      }
    }
    mark(ring, position);
    mark(hover, pointed);
    root.dataset.state = fast || sheets.at(from) === null ? "loading" : "ready";
  }

  function mark(frame, at) {
    frame.hidden = at < 0 || at >= total;
    if (frame.hidden) return;
    const { x, y } = shape.place(at);
    frame.style.transform = `translate(${x}px, ${y}px)`;
    frame.style.width = `${shape.tile.width}px`;
    frame.style.height = `${shape.tile.height}px`;
  }

  function announce() {
    const sample = sheets.at(position);
    ring.setAttribute("aria-posinset", position + 1);
    ring.setAttribute("aria-setsize", total);
    ring.setAttribute(
      "aria-label",
      sample ? `Sample ${sample.index}, label ${sample.label}` : `Sample at position ${position}, loading`,
    );
  }

  function reveal(at, { top = false } = {}) {
    if (!total) return;
    const { y } = shape.place(at);
    const bottom = y + shape.tile.height + shape.caption + shape.top;
    if (top) list.scrollTop = at < shape.columns ? 0 : y - shape.top;
    else if (y - shape.top < list.scrollTop) list.scrollTop = y - shape.top;
    else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight;
  }

  function move(to) {
    position = Math.max(0, Math.min(total - 1, to));
    reveal(position);
    announce();
    plan();
    follow();
  }

  /** The address goes along with the active sample, and the panel, if one is open, as soon as it is known. */
  function follow() {
    const sample = sheets.at(position);
    following = state().sample !== null && !sample;
    if (state().sample !== null && sample) change({ sample: sample.index, at: position }, { quietly: true });
    else change({ at: position }, { quietly: true });
  }

  function open(at) {
    const sample = sheets.at(at);
    if (!sample) return;
    position = at;
    following = false;
    announce();
    change({ sample: sample.index, at, use: false });
    plan();
  }

  function under(event) {
    const box = list.getBoundingClientRect();
    return shape.at(event.clientX - box.left, event.clientY - box.top + list.scrollTop);
  }

  const KEYS = {
    ArrowLeft: () => move(position - 1),
    ArrowRight: () => move(position + 1),
    ArrowUp: () => move(position >= shape.columns ? position - shape.columns : position),
    ArrowDown: () => move(position + shape.columns < total ? position + shape.columns : position),
    PageUp: () =>
      move(Math.max(position % shape.columns, position - shape.columns * Math.floor(list.clientHeight / shape.down))),
    PageDown: () => move(position + shape.columns * Math.floor(list.clientHeight / shape.down)),
    Home: () => move(0),
    End: () => move(total - 1),
    Enter: () => open(position),
    " ": () => open(position),
  };
  list.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  list.addEventListener(
    "scroll",
    () => {
      plan();
      clearTimeout(list.resting);
      list.resting = setTimeout(rest, 200);
    },
    { passive: true },
  );
  list.addEventListener("pointermove", (event) => {
    const at = event.pointerType === "touch" ? -1 : under(event);
    if (at !== pointed) {
      pointed = at;
      list.style.cursor = at < 0 ? "" : "pointer";
      plan();
    }
  });
  list.addEventListener("pointerleave", () => {
    pointed = -1;
    plan();
  });
  list.addEventListener("click", (event) => {
    const at = under(event);
    if (at >= 0) open(at);
  });

  /** When scrolling ends, the address keeps the place, unless a sample that is open is still in view. */
  function rest() {
    const [from, to] = inView();
    if (position >= from && position < to) return;
    position = Math.min(total - 1, list.scrollTop < 8 ? 0 : from + shape.columns);
    announce();
    plan();
    if (state().sample === null) change({ at: position }, { quietly: true });
  }

  const resized = new ResizeObserver(() => {
    if (!sheets) return;
    const before = shape?.columns;
    const [from] = shape ? inView() : [0];
    measure();
    if (before !== shape.columns) reveal(from, { top: true });
    plan();
  });
  begin();
  resized.observe(list);

  const repaint = () => begin();
  addEventListener("themechange", repaint);

  return {
    update(now, changed) {
      if (changed("dataset", "split", "label", "seed", "cmap", "paper", "size")) begin();
      else if (changed("at") && now.at !== position) {
        position = Math.min(now.at, Math.max(0, total - 1));
        reveal(position);
        announce();
        plan();
      }
    },
    close() {
      resized.disconnect();
      sheets.close();
      clearTimeout(retry);
      clearTimeout(settling);
      clearTimeout(list.resting);
      cancelAnimationFrame(planned);
      removeEventListener("themechange", repaint);
    },
    focus: () => list.focus({ preventScroll: true }),
    step: (by) => move(position + by),
  };
}

function describe(now, total) {
  const which = now.label.length
    ? ` labelled ${new Intl.ListFormat("en-GB", { type: "disjunction" }).format(now.label.map(String))}`
    : "";
  const order = now.seed === null ? "in file order" : `shuffled with seed ${now.seed}`;
  return `${count(total)} samples${which}, ${order}`;
}
