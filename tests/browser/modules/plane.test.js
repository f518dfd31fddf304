// The geometry of the map.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  boundsOf,
  enclosed,
  enlarge,
  isDirection,
  isInside,
  nearest,
  panBy,
  place,
  reveal,
  spotsOf,
  towards,
  WHOLE,
} from "../explorer/plane.js";

/** Points that look random and are always the same. */
function scattered(count, seed = 1) {
  let state = seed;
  const next = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  return Array.from({ length: count }, () => ({ x: 10 * next() - 3, y: 4 * next() }));
}

const POINTS = scattered(300);
const FRAME = { width: 800, height: 500, bounds: boundsOf(POINTS) };
const near = (one, other) => assert.ok(Math.hypot(one.x - other.x, one.y - other.y) < 1e-6, JSON.stringify([one, other]));

test("the whole map fits the stage, whatever its shape", () => {
  for (const [width, height] of [[800, 500], [500, 800], [40, 40]]) {
    for (const point of POINTS) {
      const { x, y } = place(point, WHOLE, { ...FRAME, width, height });
      assert.ok(x >= 0 && x <= width && y >= 0 && y <= height);
    }
  }
});

test("what is at a place stays there while the map is enlarged", () => {
  for (const at of [{ x: 0, y: 0 }, { x: 123, y: 456 }]) {
    const view = { scale: 2, x: 30, y: -40 };
    const point = POINTS.reduce((best, one) => {
      const far = (other) => Math.hypot(place(other, view, FRAME).x - at.x, place(other, view, FRAME).y - at.y);
      return far(one) < far(best) ? one : best;
    });
    const before = place(point, view, FRAME);
    near(place(point, enlarge(view, 3, before, FRAME), FRAME), before);
  }
});

test("the map is never enlarged or reduced without end", () => {
  let view = WHOLE;
  for (let time = 0; time < 50; time++) view = enlarge(view, 2, { x: 0, y: 0 }, FRAME);
  assert.equal(view.scale, 40);
  for (let time = 0; time < 50; time++) view = enlarge(view, 0.5, { x: 0, y: 0 }, FRAME);
  assert.equal(view.scale, 0.5);
});

test("a place outside the stage is brought inside, and one inside moves nothing", () => {
  for (const at of [{ x: -300, y: 20 }, { x: 900, y: 600 }, { x: 10, y: 499 }]) {
    const view = reveal(WHOLE, at, FRAME, 44);
    const now = { x: at.x + view.x, y: at.y + view.y };
    assert.ok(now.x >= 44 && now.x <= 756 && now.y >= 44 && now.y <= 456, JSON.stringify(now));
  }
  assert.deepEqual(reveal(WHOLE, { x: 400, y: 250 }, FRAME, 44), WHOLE);
});

test("the nearest place is found within reach only", () => {
  const places = [{ x: 0, y: 0 }, { x: 10, y: 0 }];
  assert.equal(nearest(places, { x: 7, y: 1 }, 5), 1);
  assert.equal(nearest(places, { x: 7, y: 8 }, 5), -1);
});

/** A loop around the middle, whose corners are at these distances from it, evenly around. */
const around = (distances) =>
  distances.map((distance, at) => {
    const angle = (2 * Math.PI * at) / distances.length;
    return { x: distance * Math.cos(angle), y: distance * Math.sin(angle) };
  });

test("a loop holds what is nearer than its corners allow, whichever way and from wherever it was drawn", () => {
  const circle = around(Array(90).fill(100));
  const places = scattered(400, 7).map(({ x, y }) => ({ x: 40 * x - 80, y: 80 * y - 160 }));
  const expected = places.flatMap(({ x, y }, at) => (Math.hypot(x, y) < 99.9 ? [at] : []));
  const unsure = new Set(places.flatMap(({ x, y }, at) => (Math.abs(Math.hypot(x, y) - 99.95) <= 0.05 ? [at] : [])));
  for (const loop of [circle, circle.toReversed(), [...circle.slice(31), ...circle.slice(0, 31)], [...circle, circle[0]]]) {
    const found = enclosed(places, loop).filter((at) => !unsure.has(at));
    assert.deepEqual(found, expected);
  }
  assert.ok(expected.length > 20 && expected.length < 380);
});

test("a loop follows its notches, and what it surrounds twice is outside", () => {
  const notched = [{ x: 0, y: 0 }, { x: 10, y: 0 }, { x: 10, y: 10 }, { x: 5, y: 2 }, { x: 0, y: 10 }];
  assert.deepEqual([{ x: 5, y: 1 }, { x: 5, y: 5 }, { x: 1, y: 7 }].map((at) => isInside(notched, at)), [true, false, true]);
  const twice = [...around(Array(20).fill(100)), ...around(Array(20).fill(50))];
  assert.deepEqual([{ x: 3, y: 2 }, { x: 3, y: 75 }].map((at) => isInside(twice, at)), [false, true]);
  assert.equal(isInside([{ x: 0, y: 0 }, { x: 5, y: 5 }], { x: 2, y: 2 }), false);
  assert.equal(isInside([], { x: 2, y: 2 }), false);
});

test("every sample of the map has one spot, those of the selection at their positions", () => {
  const points = POINTS.map((point, at) => ({ ...point, index: 1_000 - at }));
  const spots = spotsOf(points, [points[4], { x: 0, y: 0, index: 7 }], WHOLE, FRAME);
  assert.deepEqual([spots.size, spots.get(996).position, spots.get(7).position], [301, 4, -1]);
  near(spots.get(996).at, place(points[4], WHOLE, FRAME));
});

test("direction keys lead in their direction, to the nearest within 45 degrees, and stop at the edge", () => {
  const places = POINTS.map((point) => place(point, WHOLE, FRAME));
  const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  for (const [key, [across, down]] of Object.entries(DIRECTIONS)) {
    let at = 0;
    for (let steps = 0; steps <= places.length; steps++) {
      const next = towards(places, at, key);
      if (next === at) break;
      const [x, y] = [places[next].x - places[at].x, places[next].y - places[at].y];
      assert.ok(x * across + y * down > 0 && Math.abs(x * down) + Math.abs(y * across) <= x * across + y * down);
      at = next;
      assert.ok(steps < places.length);
    }
  }
  assert.equal(towards(places, 3, "ArrowUp") === 3, places.every(({ y }, at) => at === 3 || y >= places[3].y));
});

test("direction keys with shift move the map against the direction", () => {
  assert.deepEqual(panBy("ArrowLeft", 60), { x: 60, y: -0 });
  assert.deepEqual(["ArrowUp", "Home", "toString"].map(isDirection), [true, false, false]);
});
