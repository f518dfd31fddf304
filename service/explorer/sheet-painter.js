// Draws the part of the contact sheet that is in view on a canvas of just that size.

export class SheetPainter {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: true });
    this.style = getComputedStyle(canvas);
  }

  /** The canvas takes this size in CSS pixels. */
  measure(width, height) {
    const ratio = devicePixelRatio;
    Object.assign(this, { width, height, ratio });
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
  }

  /** Draw the positions from `from` to `to`, the last one excluded, with the list scrolled down by `top`. */
  draw({ shape, sheets, from, to, top }) {
    const { context, ratio, style } = this;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    context.imageSmoothingEnabled = false;
    context.font = `11px ${style.getPropertyValue("--mono")}`;
    context.textBaseline = "top";
    const colours = { empty: style.getPropertyValue("--empty"), text: style.getPropertyValue("--muted") };
    for (let position = from; position < to; position++) {
      const { x, y } = shape.place(position);
      this.#tile(sheets.at(position), x, y - top, shape, colours);
    }
  }

  #tile(sample, x, y, { tile, caption }, colours) {
    const { context } = this;
    if (!sample) {
      context.fillStyle = colours.empty;
      context.fillRect(x, y, tile.width, tile.height);
      return;
    }
    const { image, x: left, y: top, width, height } = sample;
    context.drawImage(image, left, top, width, height, x, y, tile.width, tile.height);
    if (!caption) return;
    context.fillStyle = colours.text;
    const text = tile.width > 80 ? `${sample.label}  #${sample.index}` : sample.label;
    context.fillText(text, x, y + tile.height + 4);
  }
}
