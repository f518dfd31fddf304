// Draws the map: every sample as itself, in the colour of its label, where its point stands.

const SIDE = 22; // CSS pixels of a sample at the first scale

/** CSS pixels of a sample on the map at a scale. */
export const sideOf = (scale) => SIDE * Math.sqrt(scale);

export class MapPainter {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.style = getComputedStyle(canvas);
  }

  /**
   * Draw the samples of a sheet, { image, width, height, columns }, at their places, in CSS pixels; `marks` are the
   * positions that are framed.
   */
  draw({ sheet, places, width, height, side, marks }) {
    const { context } = this;
    this.#clear(width, height);
    if (!sheet) return;
    context.imageSmoothingEnabled = side < sheet.width * 2;
    places.forEach(({ x, y }, position) => {
      if (x < -side || y < -side || x > width + side || y > height + side) return;
      const [left, top] = [(position % sheet.columns) * sheet.width, Math.floor(position / sheet.columns) * sheet.height];
      const corner = [x - side / 2, y - side / 2];
      context.drawImage(sheet.image, left, top, sheet.width, sheet.height, ...corner, side, side);
    });
    context.strokeStyle = this.style.getPropertyValue("--accent");
    context.lineWidth = 2;
    for (const position of marks) {
      const { x, y } = places[position];
      context.strokeRect(x - side / 2 - 2, y - side / 2 - 2, side + 4, side + 4);
    }
  }

  #clear(width, height) {
    const ratio = devicePixelRatio;
    const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== across) this.canvas.width = across;
    if (this.canvas.height !== down) this.canvas.height = down;
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.context.clearRect(0, 0, width, height);
  }
}
