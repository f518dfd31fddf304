// Draws the part of the contact sheet that is in view on a canvas of just that size.

/**
 * A check mark in a disc around a point of a canvas: the mark of what was picked. Around the disc, and in its mark, the
 * page shows through, so that it stands out from any picture.
 */
export function drawCheck(context, { x, y, radius, colour }) {
  const disc = (size) => {
    context.beginPath();
    context.arc(x, y, size, 0, 2 * Math.PI);
    context.fill();
  };
  context.save();
  context.globalCompositeOperation = "destination-out";
  disc(radius + Math.max(1, radius / 5));
  context.globalCompositeOperation = "source-over";
  context.fillStyle = colour;
  disc(radius);
  context.globalCompositeOperation = "destination-out";
  context.lineWidth = Math.max(1, radius / 3.5);
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  context.moveTo(x - radius * 0.46, y + radius * 0.04);
  context.lineTo(x - radius * 0.12, y + radius * 0.38);
  context.lineTo(x + radius * 0.48, y - radius * 0.36);
  context.stroke();
  context.restore();
}

const CHECK = { small: 6, large: 9 }; // CSS pixels of the radius, by the size of a sample

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

  /**
   * Draw the positions from `from` to `to`, the last one excluded, with the list scrolled down by `top`; `picked` are the
   * indices that get a check mark.
   */
  draw({ shape, sheets, from, to, top, picked }) {
    const { context, ratio, style } = this;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    context.imageSmoothingEnabled = false;
    context.font = `11px ${style.getPropertyValue("--mono")}`;
    context.textBaseline = "top";
    const colours = { empty: style.getPropertyValue("--empty"), text: style.getPropertyValue("--muted") };
    for (let position = from; position < to; position++) {
      const { x, y } = shape.place(position);
      const sample = sheets.at(position);
      this.#tile(sample, x, y - top, shape, colours);
      if (sample && picked.has(sample.index)) this.#check(x + shape.tile.width, y - top, shape.tile.width);
    }
  }

  /** The check mark at the upper right corner of a sample. */
  #check(right, top, width) {
    const radius = width > 80 ? CHECK.large : CHECK.small;
    const colour = this.style.getPropertyValue("--accent");
    drawCheck(this.context, { x: right - radius + 1, y: top + radius - 1, radius, colour });
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
