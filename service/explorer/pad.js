// Ink on a raster: what pen and eraser do, what can be undone, and how a drawing is written in an address. Pure: a
// drawing is a Uint8Array of 0…peak, row by row, and every function gives a new one. A raster is { width, height, peak };
// places are in pixels from its upper left corner, so that the middle of the first pixel is at (0.5, 0.5).

import { encodePixels } from "../client.js";

/** The raster of a dataset's images. */
export const rasterOf = ({ image_shape: [height, width], range: [, peak] }) => Object.freeze({ width, height, peak });

export const blank = ({ width, height }) => new Uint8Array(width * height);

export const isBlank = (drawing) => drawing.every((value) => value === 0);

/** Half the width of the pen: about that of the pens which wrote the samples, in images of 28 and of 8 pixels. */
export const radiusOf = ({ width }) => Math.max(0.65, 0.041 * width);

/**
 * The drawing after a stroke along a straight line. A pixel takes as much ink as the round pen covers of it, and never
 * loses any; the eraser takes all ink from the pixels that the pen would reach.
 */
export function stroke(drawing, raster, from, to, { erase = false } = {}) {
  const { width, peak } = raster;
  const reach = radiusOf(raster) + 0.5;
  return drawing.map((value, at) => {
    const middle = { x: (at % width) + 0.5, y: Math.floor(at / width) + 0.5 };
    const cover = Math.min(1, Math.max(0, reach - distance(middle, from, to)));
    if (erase) return cover > 0 ? 0 : value;
    return Math.max(value, Math.round(cover * peak));
  });
}

/** How far a point is from a line between two others. */
function distance(point, from, to) {
  const along = { x: to.x - from.x, y: to.y - from.y };
  const square = along.x ** 2 + along.y ** 2;
  const share = square && ((point.x - from.x) * along.x + (point.y - from.y) * along.y) / square;
  const part = Math.min(1, Math.max(0, share));
  return Math.hypot(point.x - from.x - part * along.x, point.y - from.y - part * along.y);
}

/** A drawing as text, as the interface takes it; null for a blank one. */
export const write = (drawing) => (isBlank(drawing) ? null : encodePixels(drawing));

/** The drawing of a text: { drawing, fault }; a text that is none gives a blank one and a sentence that says why. */
export function read(text, raster) {
  if (text === null) return { drawing: blank(raster), fault: null };
  const fault = (reason) => ({ drawing: blank(raster), fault: `The drawing in the address was not used: ${reason}` });
  const { width, height, peak } = raster;
  const characters = Math.ceil((width * height * 8) / 6);
  if (text.length !== characters) {
    return fault(`it has ${text.length} characters, and ${height} × ${width} pixels take ${characters}.`);
  }
  const drawing = decode(text);
  if (!drawing || encodePixels(drawing) !== text) return fault("it is not the base64url of its bytes.");
  const strong = drawing.findIndex((value) => value > peak);
  if (strong < 0) return { drawing, fault: null };
  const place = `row ${Math.floor(strong / width)}, column ${strong % width}`;
  return fault(`it has ${drawing[strong]} in ${place}, and values are from 0 to ${peak}.`);
}

function decode(text) {
  try {
    return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
}

const DEEPEST = 200; // drawings that can be undone

/** The texts of earlier drawings, the last one at the end, after `text` was replaced. */
export const remember = (past, text) => [...past, text].slice(-DEEPEST);
