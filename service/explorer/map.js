// A map of samples: each stands where the first two principal components put it, drawn as itself in the colour of its
// label. It is moved by dragging or the arrow keys, and enlarged by the wheel, two fingers, or + and -.

import { title, totalOf } from "./controls.js";
import { count, failure, make, percent } from "./make.js";
import { boundsOf, colourOf, tinted } from "./marks.js";
import { change, choiceOf, isDark, splitOf, state } from "./state.js";

const SAMPLES = 2_000;
const COLUMNS = 50;
const SIDE = 22; // CSS pixels of a sample at the first scale
const SEED = 1; // which samples, unless the order is shuffled otherwise

export function map(root, { service, cards }) {
  const canvas = make("canvas", {
    class: "sky",
    tabIndex: 0,
    role: "application",
    "aria-label": "Map of samples: move with the arrow keys, enlarge with plus and minus",
  });
  const context = canvas.getContext("2d");
  const heading = make("h1", {});
  const facts = make("p", { class: "muted" });
  const legend = make("ul", { class: "legend" });
  const tip = make("div", { class: "tip", hidden: true, "aria-hidden": "true" });
  const zoom = make(
    "div",
    { class: "zoom" },
    make("button", { type: "button", class: "button icon", "aria-label": "Enlarge", onclick: () => enlarge(1.5) }, "+"),
    make(
      "button",
      { type: "button", class: "button icon", "aria-label": "Reduce", onclick: () => enlarge(1 / 1.5) },
      "−",
    ),
    make("button", { type: "button", class: "button small", onclick: () => whole() }, "Whole map"),
  );
  const stage = make("div", { class: "stage" }, canvas, tip, zoom);
  root.append(make("div", { class: "heading" }, heading, facts, legend), stage);

  let points = [];
  let sheet = null;
  let bounds = null;
  let view = { scale: 1, x: 0, y: 0 };
  let pointed = null;
  let planned = 0;
  let asking = null;

  async function load() {
    asking?.abort();
    asking = new AbortController();
    const { signal } = asking;
    const now = state();
    const card = cards.find((one) => one.name === now.dataset);
    const shown = Math.min(SAMPLES, totalOf(now, card));
    const query = { ...choiceOf(now), seed: now.seed ?? SEED, limit: SAMPLES };
    root.dataset.state = "loading";
    heading.textContent = `Map of ${title(now.dataset)} ${now.split}`;
    facts.textContent = "Loading…";
    try {
      const picture = service.gridUrl(splitOf(now), { ...query, columns: COLUMNS, transparent: true, rev: card.rev });
      const [found, blob] = await Promise.all([
        service.projection(splitOf(now), { ...query, rev: card.rev, signal }),
        service.fetch(picture, { signal }).then((answer) => answer.blob()),
      ]);
      sheet = tinted(await createImageBitmap(blob), found.points, card.image_shape, COLUMNS);
      points = found.points.map((point, position) => ({ ...point, position }));
      bounds = boundsOf(points);
      const [across, up] = found.explained;
      facts.textContent = `${count(shown)} samples along the two directions in which the data differ most (principal components; ${percent(across)} and ${percent(up)} of the variance).`;
      paint(legend, card);
      whole();
      root.dataset.state = "ready";
    } catch (error) {
      if (!signal.aborted)
        stage.replaceChildren(
          failure(error, () => {
            stage.replaceChildren(canvas, tip, zoom);
            load();
          }),
        );
    }
  }

  function paint(list, card) {
    list.replaceChildren(
      ...card.classes.map((name, label) => {
        const swatch = make("i");
        swatch.style.background = colourOf(label);
        return make("li", {}, swatch, name);
      }),
    );
  }

  const base = () => Math.min(stage.clientWidth / (bounds.width || 1), stage.clientHeight / (bounds.height || 1)) * 0.9;
  const place = ({ x, y }) => ({
    x: stage.clientWidth / 2 + (x - bounds.x) * base() * view.scale + view.x,
    y: stage.clientHeight / 2 - (y - bounds.y) * base() * view.scale + view.y,
  });
  const side = () => SIDE * Math.sqrt(view.scale);

  function whole() {
    view = { scale: 1, x: 0, y: 0 };
    plan();
  }

  function enlarge(by, at = { x: stage.clientWidth / 2, y: stage.clientHeight / 2 }) {
    const scale = Math.min(40, Math.max(0.5, view.scale * by));
    const change_ = scale / view.scale;
    const centre = { x: stage.clientWidth / 2, y: stage.clientHeight / 2 };
    view = {
      scale,
      x: (view.x - at.x + centre.x) * change_ + at.x - centre.x,
      y: (view.y - at.y + centre.y) * change_ + at.y - centre.y,
    };
    plan();
  }

  function plan() {
    planned ||= requestAnimationFrame(draw);
  }

  function draw() {
    planned = 0;
    const ratio = devicePixelRatio;
    const width = Math.round(stage.clientWidth * ratio);
    const height = Math.round(stage.clientHeight * ratio);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, stage.clientWidth, stage.clientHeight);
    if (!sheet) return;
    const size = side();
    context.imageSmoothingEnabled = size < sheet.width * 2;
    for (const point of points) {
      const { x, y } = place(point);
      if (x < -size || y < -size || x > stage.clientWidth + size || y > stage.clientHeight + size) continue;
      picture(point, x - size / 2, y - size / 2, size);
    }
    if (pointed) {
      const { x, y } = place(pointed);
      context.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--accent");
      context.lineWidth = 2;
      context.strokeRect(x - size / 2 - 2, y - size / 2 - 2, size + 4, size + 4);
    }
  }

  function picture({ position }, x, y, size) {
    context.drawImage(
      sheet.image,
      (position % COLUMNS) * sheet.width,
      Math.floor(position / COLUMNS) * sheet.height,
      sheet.width,
      sheet.height,
      x,
      y,
      size,
      size,
    );
  }

  /** The sample nearest to a point of the stage, if one is near. */
  function nearest(x, y) {
    let best = null;
    let least = side() ** 2;
    for (const point of points) {
      const at = place(point);
      const distance = (at.x - x) ** 2 + (at.y - y) ** 2;
      if (distance <= least) [best, least] = [point, distance];
    }
    return best;
  }

  function point(found) {
    if (found === pointed) return;
    pointed = found;
    canvas.style.cursor = found ? "pointer" : "";
    tip.hidden = !found;
    if (found) {
      const { x, y } = place(found);
      const card = cards.find((one) => one.name === state().dataset);
      const scale = Math.round(84 / sheet.width);
      tip.replaceChildren(
        make("img", {
          src: service.pictureUrl(splitOf(state()), found.index, { scale, invert: !isDark(), rev: card.rev }),
          width: sheet.width * scale,
          height: sheet.height * scale,
          alt: "",
        }),
        make("p", {}, make("b", {}, `${found.label}`), ` #${found.index}`),
      );
      const left = x + 150 > stage.clientWidth ? x - 118 : x + 18;
      tip.style.transform = `translate(${left}px, ${Math.min(y, stage.clientHeight - 136)}px)`;
    }
    plan();
  }

  const fingers = new Map();
  let moved = false;
  const within = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, within(event));
    moved = false;
  });
  canvas.addEventListener("pointermove", (event) => {
    const at = within(event);
    const before = fingers.get(event.pointerId);
    if (!before) return bounds && point(nearest(at.x, at.y));
    if (fingers.size === 2) {
      const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
      const apart = (one) => Math.hypot(one.x - other.x, one.y - other.y);
      enlarge(apart(at) / Math.max(1, apart(before)), { x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 });
    } else {
      view.x += at.x - before.x;
      view.y += at.y - before.y;
      moved ||= Math.hypot(at.x - before.x, at.y - before.y) > 2;
      if (moved) point(null);
    }
    fingers.set(event.pointerId, at);
    plan();
  });
  canvas.addEventListener("pointerup", (event) => {
    fingers.delete(event.pointerId);
    const at = within(event);
    const found = bounds && !moved && nearest(at.x, at.y);
    if (found) change({ sample: found.index, use: false });
  });
  canvas.addEventListener("pointercancel", (event) => fingers.delete(event.pointerId));
  canvas.addEventListener("pointerleave", () => point(null));
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      enlarge(Math.exp(-event.deltaY / 400), within(event));
      point(null);
    },
    { passive: false },
  );
  const STEPS = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
  canvas.addEventListener("keydown", (event) => {
    if (event.key in STEPS) {
      view.x += STEPS[event.key][0];
      view.y += STEPS[event.key][1];
      plan();
    } else if (event.key === "+" || event.key === "=") enlarge(1.25);
    else if (event.key === "-") enlarge(0.8);
    else if (event.key === "0") whole();
    else return;
    event.preventDefault();
  });

  const resized = new ResizeObserver(plan);
  resized.observe(stage);
  addEventListener("themechange", load);
  load();
  return {
    update: (now, changed) => changed("dataset", "split", "label", "seed") && load(),
    close() {
      asking.abort();
      resized.disconnect();
      cancelAnimationFrame(planned);
      removeEventListener("themechange", load);
    },
    focus: () => canvas.focus(),
  };
}
