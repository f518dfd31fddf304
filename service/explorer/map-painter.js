// Draws the map: every sample as itself, in the colour of its label, where its point stands; and the marks on it.

import { drawCheck } from "./sheet-painter.js";

const SIDE = 22; // CSS pixels of a sample at the first scale
const LINES = { active: 2, neighbour: 1 }; // CSS pixels of a frame
const CHECK = [3.5, 6]; // CSS pixels of the radius of a check mark, at the least and the most

/** CSS pixels of a sample on the map at a scale. */
export const sideOf = (scale) => SIDE * Math.sqrt(scale);

export class MapPainter {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.style = getComputedStyle(canvas);
  }

  /**
   * Draw samples of `side` CSS pixels at their spots on a stage of a size. `layers` are { points, sheet }, a sheet being
   * { image, width, height, columns }; of the indices in `neighbours`, `active` and `picked` those with a spot are
   * marked; `loop` is that of the lasso.
   */
  draw({ size, side, spots, layers, neighbours, active, picked, loop }) {
    Object.assign(this, { ...size, side, accent: this.style.getPropertyValue("--accent") });
    this.#clear();
    const placesOf = (indices) => [...indices].flatMap((index) => spots.get(index)?.at ?? []);
    for (const { points, sheet } of layers) if (sheet) this.#samples(sheet, points, spots);
    for (const at of placesOf(neighbours)) this.#frame(at, LINES.neighbour);
    for (const at of placesOf(active)) this.#frame(at, LINES.active);
    for (const at of placesOf(picked)) this.#check(at);
    if (loop.length) this.#loop(loop);
  }

  #clear() {
    const ratio = devicePixelRatio;
    const [across, down] = [Math.round(this.width * ratio), Math.round(this.height * ratio)];
    if (this.canvas.width !== across) this.canvas.width = across;
    if (this.canvas.height !== down) this.canvas.height = down;
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.context.clearRect(0, 0, this.width, this.height);
  }

  #samples(sheet, points, spots) {
    const { context, side } = this;
    context.imageSmoothingEnabled = side < sheet.width * 2;
    points.forEach(({ index }, position) => {
      const { x, y } = spots.get(index).at;
      if (!this.#holds({ x, y })) return;
      const [left, top] = [(position % sheet.columns) * sheet.width, Math.floor(position / sheet.columns) * sheet.height];
      const corner = [x - side / 2, y - side / 2];
      context.drawImage(sheet.image, left, top, sheet.width, sheet.height, ...corner, side, side);
    });
  }

  #frame({ x, y }, line) {
    const { context, side } = this;
    context.strokeStyle = this.accent;
    context.lineWidth = line;
    context.strokeRect(x - side / 2 - 2, y - side / 2 - 2, side + 4, side + 4);
  }

  #check({ x, y }) {
    const { context, side } = this;
    if (!this.#holds({ x, y })) return;
    const radius = Math.min(CHECK[1], Math.max(CHECK[0], side / 5));
    drawCheck(context, { x: x + side / 2 - radius / 2, y: y - side / 2 + radius / 2, radius, colour: this.accent });
  }

  /** A loop, closed by a straight line. */
  #loop(path) {
    const { context } = this;
    context.beginPath();
    for (const { x, y } of path) context.lineTo(x, y);
    context.closePath();
    context.globalAlpha = 0.12;
    context.fillStyle = this.accent;
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = this.accent;
    context.lineWidth = 1.5;
    context.setLineDash([6, 4]);
    context.stroke();
    context.setLineDash([]);
  }

  #holds({ x, y }) {
    const { side } = this;
    return x >= -side && y >= -side && x <= this.width + side && y <= this.height + side;
  }
}
