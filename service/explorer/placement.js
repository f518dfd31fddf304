// Where the digits of a dataset stand: a drawing is moved there, and a picture becomes a drawing. Pure; drawings, rasters
// and places are those of pad.js.

import { blank } from "./pad.js";

const STRONGEST = 255; // grey of pictures

/** The smallest box around all ink, { left, top, right, bottom }; null where there is none. */
export function boxOf(drawing, { width }) {
  const inked = [...drawing.keys()].filter((at) => drawing[at] > 0);
  if (inked.length === 0) return null;
  const columns = inked.map((at) => at % width);
  const rows = inked.map((at) => Math.floor(at / width));
  const [left, top] = [Math.min(...columns), Math.min(...rows)];
  return { left, top, right: Math.max(...columns) + 1, bottom: Math.max(...rows) + 1 };
}

/** The centre of mass of the ink. */
export function centreOf(drawing, { width }) {
  let [mass, x, y] = [0, 0, 0];
  drawing.forEach((value, at) => {
    mass += value;
    x += value * ((at % width) + 0.5);
    y += value * (Math.floor(at / width) + 0.5);
  });
  return { x: x / mass, y: y / mass };
}

/**
 * How the digits of a dataset were placed. MNIST: scaled with their aspect ratio kept until they fit a box of 20 pixels
 * of the 28, then moved so that the centre of mass is in the middle of the image (LeCun, Cortes, Burges: "The MNIST
 * database"). digits: scaled until they fit the whole image, the middle of their box in the middle of the image.
 */
const PLACEMENTS = {
  mnist: { name: "Centre as MNIST does", share: 20 / 28, byMass: true },
  digits: { name: "Fit as digits does", share: 1, byMass: false },
};

/** The placement of a dataset; undefined where none is known. */
export const placementOf = (dataset) => PLACEMENTS[dataset];

/**
 * A drawing that is not blank, placed as the digits of a dataset are: { drawing, kept }. `kept` tells that ink would
 * have left the image if its centre of mass had come to the middle, so that it was moved only as far as it fits.
 */
export function settle(drawing, raster, { share, byMass }) {
  const box = boxOf(drawing, raster);
  const size = { x: raster.width, y: raster.height };
  const length = { x: box.right - box.left, y: box.bottom - box.top };
  const scale = Math.min((share * size.x) / length.x, (share * size.y) / length.y);
  const middle = { x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2 };
  const centre = byMass ? centreOf(drawing, raster) : middle;
  let kept = false;
  const move = (axis) => {
    const most = (size[axis] - scale * length[axis]) / 2; // that the middle of the box may be off the middle
    const wanted = scale * (middle[axis] - centre[axis]);
    if (Math.abs(wanted) > most + 1e-9) kept = true;
    return size[axis] / 2 + Math.max(-most, Math.min(most, wanted)) - scale * middle[axis];
  };
  return { drawing: transform(drawing, raster, scale, { x: move("x"), y: move("y") }), kept };
}

const SAMPLED = 4; // points a pixel, along each axis

/** The drawing scaled and then moved: each pixel is the mean of points in it, each read between four pixels. */
function transform(drawing, raster, scale, { x: right, y: down }) {
  const { width, peak } = raster;
  const points = Array.from({ length: SAMPLED }, (_, step) => (step + 0.5) / SAMPLED);
  const places = points.flatMap((y) => points.map((x) => ({ x, y })));
  return blank(raster).map((_, at) => {
    const sum = places.reduce((total, { x, y }) => {
      const from = { x: ((at % width) + x - right) / scale, y: (Math.floor(at / width) + y - down) / scale };
      return total + between(drawing, raster, from);
    }, 0);
    return Math.min(peak, Math.round(sum / places.length));
  });
}

/** The intensity at a place, by bilinear interpolation; nothing beyond the edges. */
function between(drawing, { width, height }, { x, y }) {
  const [left, top] = [Math.floor(x - 0.5), Math.floor(y - 0.5)];
  const [across, down] = [x - 0.5 - left, y - 0.5 - top];
  const value = (column, row) =>
    column < 0 || row < 0 || column >= width || row >= height ? 0 : drawing[row * width + column];
  const upper = (1 - across) * value(left, top) + across * value(left + 1, top);
  const lower = (1 - across) * value(left, top + 1) + across * value(left + 1, top + 1);
  return (1 - down) * upper + down * lower;
}

/**
 * The drawing of a picture, greys 0…255: { drawing, inverted }. A picture of the raster's size keeps its values; another
 * one is scaled, its aspect ratio kept, until it fits. Dark ink on bright paper, told by the edge, is inverted.
 */
export function fromPicture({ greys, width, height }, raster) {
  const inverted = isBright(greys, width, height);
  const ink = inverted ? greys.map((grey) => STRONGEST - grey) : greys;
  const scale = Math.min(raster.width / width, raster.height / height);
  const corner = { x: (raster.width - scale * width) / 2, y: (raster.height - scale * height) / 2 };
  const drawing = blank(raster).map((_, at) => {
    const left = ((at % raster.width) - corner.x) / scale;
    const top = (Math.floor(at / raster.width) - corner.y) / scale;
    const grey = area({ greys: ink, width, height }, left, top, 1 / scale);
    return Math.round((grey * raster.peak) / STRONGEST);
  });
  return { drawing, inverted };
}

/** Whether the edge of a picture is bright on average. */
function isBright(greys, width, height) {
  const edge = greys.filter((_, at) => {
    const [column, row] = [at % width, Math.floor(at / width)];
    return column === 0 || row === 0 || column === width - 1 || row === height - 1;
  });
  return edge.reduce((sum, grey) => sum + grey, 0) / edge.length > STRONGEST / 2;
}

/** The mean grey of a square of a picture, each pixel weighted with its part in the square; nothing beyond the edges. */
function area({ greys, width, height }, left, top, side) {
  let sum = 0;
  const part = (first, at) => Math.min(first + side, at + 1) - Math.max(first, at);
  const range = (first, size) => [Math.max(0, Math.floor(first + 1e-9)), Math.min(size, Math.ceil(first + side - 1e-9))];
  const [[firstRow, endRow], [firstColumn, endColumn]] = [range(top, height), range(left, width)];
  for (let row = firstRow; row < endRow; row++) {
    for (let column = firstColumn; column < endColumn; column++) {
      sum += greys[row * width + column] * part(top, row) * part(left, column);
    }
  }
  return sum / side ** 2;
}
