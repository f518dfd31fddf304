// Ink on the pad, and where it is moved to.

import assert from "node:assert/strict";
import { test } from "node:test";
import { blank, isBlank, radiusOf, rasterOf, read, remember, stroke, write } from "../explorer/pad.js";
import { boxOf, centreOf, fromPicture, placementOf, settle } from "../explorer/placement.js";

const MNIST = { width: 28, height: 28, peak: 255 };
const DIGITS = { width: 8, height: 8, peak: 16 };
const RASTERS = [MNIST, DIGITS];

/** Numbers from 0 to 1 that look random and are always the same. */
function numbers(seed = 1) {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/** A drawing of some strokes that stay away from the edges by a share of the raster. */
function scribble(raster, seed, margin = 0) {
  const next = numbers(seed);
  const within = (size) => size * (margin + (1 - 2 * margin) * next());
  const place = () => ({ x: within(raster.width), y: within(raster.height) });
  let drawing = blank(raster);
  for (let number = 0; number < 4; number++) drawing = stroke(drawing, raster, place(), place());
  return drawing;
}

const sum = (values) => values.reduce((total, value) => total + value, 0);

test("a pen inks what it covers, and half of what it half covers", () => {
  for (const raster of RASTERS) {
    const at = { x: 3.5, y: 2.5 };
    const drawing = stroke(blank(raster), raster, at, at);
    assert.equal(drawing[2 * raster.width + 3], raster.peak);
    assert.equal(drawing[2 * raster.width + 4], drawing[2 * raster.width + 2]);
    const beside = Math.max(0, radiusOf(raster) + 0.5 - 1);
    assert.equal(drawing[2 * raster.width + 4], Math.round(beside * raster.peak));
    assert.equal(drawing[7 * raster.width + 3], 0);
  }
});

test("ink only grows under the pen and only shrinks under the eraser, and stays within 0…peak", () => {
  for (const raster of RASTERS) {
    const before = scribble(raster, 7);
    const [from, to] = [{ x: -3, y: 1 }, { x: raster.width + 9, y: raster.height - 2 }];
    const after = stroke(before, raster, from, to);
    const erased = stroke(before, raster, from, to, { erase: true });
    before.forEach((value, at) => {
      assert.ok(after[at] >= value && after[at] <= raster.peak);
      assert.ok(erased[at] <= value && erased[at] >= 0);
    });
    assert.notDeepEqual(after, before);
    assert.notDeepEqual(erased, before);
  }
});

test("a stroke is the same whichever way and in however many steps it goes, and the eraser takes it away", () => {
  for (const raster of RASTERS) {
    const [from, to] = [{ x: 1.2, y: 2.9 }, { x: 6.4, y: 5.1 }];
    const whole = stroke(blank(raster), raster, from, to);
    assert.deepEqual(stroke(blank(raster), raster, to, from), whole);
    let pieces = blank(raster);
    const at = (share) => ({ x: from.x + share * (to.x - from.x), y: from.y + share * (to.y - from.y) });
    for (let step = 0; step < 10; step++) pieces = stroke(pieces, raster, at(step / 10), at((step + 1) / 10));
    whole.forEach((value, place) => assert.ok(Math.abs(value - pieces[place]) <= 1));
    assert.ok(isBlank(stroke(whole, raster, from, to, { erase: true })));
  }
});

test("a drawing comes back from its text, which is base64url, and a blank one has none", () => {
  for (const raster of RASTERS) {
    for (let seed = 1; seed < 30; seed++) {
      const drawing = scribble(raster, seed);
      const text = write(drawing);
      assert.equal(text, Buffer.from(drawing).toString("base64url"));
      assert.deepEqual(read(text, raster), { drawing, fault: null });
    }
    assert.equal(write(blank(raster)), null);
    assert.deepEqual(read(null, raster), { drawing: blank(raster), fault: null });
  }
});

test("a text that is no drawing gives a blank one and a sentence that says why", () => {
  const text = write(scribble(DIGITS, 3));
  const bright = Buffer.from(Uint8Array.from({ length: 64 }, (_, at) => (at === 19 ? 17 : 0))).toString("base64url");
  const cases = [
    ["AAAA", "it has 4 characters, and 8 × 8 pixels take 86."],
    [`${text}A`, "it has 87 characters, and 8 × 8 pixels take 86."],
    [`${text.slice(0, -1)}_`, "it is not the base64url of its bytes."],
    [`+${text.slice(1)}`, "it is not the base64url of its bytes."],
    [`ä${text.slice(1)}`, "it is not the base64url of its bytes."],
    [bright, "it has 17 in row 2, column 3, and values are from 0 to 16."],
    [write(scribble(MNIST, 3)), "it has 1046 characters, and 8 × 8 pixels take 86."],
  ];
  for (const [wrong, reason] of cases) {
    const { drawing, fault } = read(wrong, DIGITS);
    assert.ok(isBlank(drawing));
    assert.equal(fault, `The drawing in the address was not used: ${reason}`);
  }
});

test("what can be undone is the last that was drawn, and not without end", () => {
  let past = [];
  for (let number = 0; number < 1_000; number++) past = remember(past, String(number));
  assert.equal(past.at(-1), "999");
  assert.ok(past.length < 500);
});

test("a raster is that of a dataset's card", () => {
  assert.deepEqual(rasterOf({ image_shape: [8, 9], range: [0, 16] }), { width: 9, height: 8, peak: 16 });
});

test("centred as MNIST does, ink fits 20 pixels and its centre of mass is in the middle", () => {
  for (let seed = 1; seed < 40; seed++) {
    const { drawing, kept } = settle(scribble(MNIST, seed, 0.25), MNIST, placementOf("mnist"));
    const { left, top, right, bottom } = boxOf(drawing, MNIST);
    const longer = Math.max(right - left, bottom - top);
    assert.ok(longer >= 20 && longer <= 22, `${longer}`); // bilinear edges reach half a pixel beyond the box
    const { x, y } = centreOf(drawing, MNIST);
    if (!kept) assert.ok(Math.hypot(x - 14, y - 14) < 0.1, `${x} ${y}`);
  }
});

test("ink whose mass is at one end stays whole, and is told to be off the middle", () => {
  const inked = (column, row) => (column === 14 && row < 26) || (column > 7 && column < 21 && row < 8);
  const drawing = blank(MNIST).map((_, at) => (at >= 28 * 2 && inked(at % 28, Math.floor(at / 28)) ? 255 : 0));
  const settled = settle(drawing, MNIST, placementOf("mnist"));
  assert.equal(settled.kept, true);
  const scale = 20 / 24;
  assert.ok(Math.abs(sum(settled.drawing) / sum(drawing) / scale ** 2 - 1) < 0.03);
});

test("fitted as digits does, ink reaches from the first row to the last", () => {
  for (let seed = 1; seed < 40; seed++) {
    const { drawing, kept } = settle(scribble(DIGITS, seed, 0.2), DIGITS, placementOf("digits"));
    const { left, top, right, bottom } = boxOf(drawing, DIGITS);
    assert.equal(Math.max(right - left, bottom - top), 8);
    assert.equal(kept, false);
    assert.ok(Math.max(...drawing) <= 16);
  }
});

test("what is in place already stays there", () => {
  const once = settle(scribble(MNIST, 5, 0.25), MNIST, placementOf("mnist")).drawing;
  const twice = settle(once, MNIST, placementOf("mnist")).drawing;
  const far = Math.sqrt(sum([...once].map((value, at) => (value - twice[at]) ** 2)));
  assert.ok(far < 0.5 * Math.sqrt(sum([...once].map((value) => value ** 2))), `${far}`);
});

/** A drawing as the picture that the service draws of it, each pixel a square of so many. */
function picture(drawing, { width, height, peak }, side = 1) {
  const greys = new Float64Array(width * height * side ** 2);
  greys.forEach((_, at) => {
    const [column, row] = [at % (width * side), Math.floor(at / (width * side))];
    greys[at] = Math.round((drawing[Math.floor(row / side) * width + Math.floor(column / side)] * 255) / peak);
  });
  return { greys, width: width * side, height: height * side };
}

test("a picture of a drawing is that drawing, whatever its size and whether it was inverted", () => {
  for (const raster of RASTERS) {
    const drawing = scribble(raster, 11, 0.25);
    for (const side of [1, 2, 3, 7]) {
      const whole = picture(drawing, raster, side);
      assert.deepEqual(fromPicture(whole, raster), { drawing, inverted: false });
      const turned = { ...whole, greys: whole.greys.map((grey) => 255 - grey) };
      assert.deepEqual(fromPicture(turned, raster), { drawing, inverted: true });
    }
  }
});

test("a picture that is not square keeps its aspect ratio, in the middle", () => {
  const greys = new Float64Array(56 * 28);
  for (let row = 8; row < 20; row++) for (let column = 8; column < 48; column++) greys[row * 56 + column] = 255;
  const { drawing } = fromPicture({ greys, width: 56, height: 28 }, MNIST);
  assert.deepEqual(boxOf(drawing, MNIST), { left: 4, top: 11, right: 24, bottom: 17 });
  assert.equal(sum(drawing), 20 * 6 * 255);
});
