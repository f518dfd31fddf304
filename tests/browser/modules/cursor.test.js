// The laws of the active sample, over many sizes of the selection and many ways of moving.

import assert from "node:assert/strict";
import { test } from "node:test";
import { close, locate, move, pick, press, rest, seek, start, step, takes } from "../explorer/cursor.js";

const KEYS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "PageUp", "PageDown", "Home", "End", "Enter", " "];
const COUNTS = [1, 2, 7, 16, 17, 60];
const ROOMS = [1, 2, 5, 16].flatMap((columns) => [0, 1, 3].map((rows) => ({ columns, rows })));

function everywhere(check) {
  for (const count of COUNTS)
    for (const room of ROOMS) for (let at = 0; at < count; at++) check(start({ count, at }), room, count);
}

test("no key leads out of the selection, and only Enter and space open", () => {
  everywhere((cursor, room, count) => {
    for (const key of KEYS) {
      const next = press(cursor, key, room);
      assert.ok(next.position >= 0 && next.position < count, `${key} from ${cursor.position} of ${count}`);
      assert.equal(next.open, key === "Enter" || key === " ");
    }
  });
});

test("up undoes down, left undoes right, and page up undoes a whole page down", () => {
  everywhere((cursor, room, count) => {
    const { columns } = room;
    const page = columns * Math.max(1, room.rows);
    for (const [there, back, by] of [
      ["ArrowDown", "ArrowUp", columns],
      ["ArrowRight", "ArrowLeft", 1],
      ["PageDown", "PageUp", page],
    ]) {
      if (cursor.position + by >= count) continue;
      const next = press(cursor, there, room);
      assert.equal(next.position, cursor.position + by, there);
      assert.equal(press(next, back, room).position, cursor.position, back);
    }
  });
});

test("vertical keys stay in their column", () => {
  everywhere((cursor, room) => {
    for (const key of ["ArrowUp", "ArrowDown", "PageUp", "PageDown"])
      assert.equal(press(cursor, key, room).position % room.columns, cursor.position % room.columns, key);
  });
});

test("thirty times down, Enter and right lead to the sample after the one that was opened", () => {
  let cursor = start({ count: 60_000, plain: true });
  for (let time = 0; time < 30; time++) cursor = press(cursor, "ArrowDown", { columns: 16, rows: 9 });
  cursor = press(cursor, "Enter", { columns: 16, rows: 9 });
  assert.deepEqual([cursor.position, cursor.open], [480, true]);
  // The panel takes columns away and the sheet scrolls; the open sample stays the active one.
  cursor = rest(cursor, { from: 330, to: 440, columns: 11 });
  assert.equal(cursor.position, 480);
  assert.equal(press(cursor, "ArrowRight", { columns: 11, rows: 9 }).position, 481);
});

test("without an open sample, scrolling takes the active one along, and into view", () => {
  const cursor = start({ count: 1_000, at: 5 });
  assert.equal(rest(cursor, { from: 0, to: 40, columns: 10 }), cursor);
  const next = rest(cursor, { from: 300, to: 400, columns: 10 });
  assert.equal(next.position, 310);
  assert.equal(rest(next, { from: 0, to: 40, columns: 10 }).position, 0);
});

test("in file order the position of a sample is its index", () => {
  const cursor = start({ count: 60_000, at: 3, sample: 45_678, plain: true });
  assert.deepEqual([cursor.position, cursor.open, cursor.wanted], [45_678, true, null]);
});

test("in any other selection a sample is wanted until it is located", () => {
  const cursor = start({ count: 6_131, at: 9, sample: 5_000 });
  assert.deepEqual([cursor.open, cursor.wanted, cursor.outside], [true, 5_000, false]);
  const found = locate(cursor, 42);
  assert.deepEqual([found.position, found.wanted, found.outside, found.open], [42, null, false, true]);
  const missing = locate(cursor, -1);
  assert.deepEqual([missing.position, missing.wanted, missing.outside, missing.open], [9, 5_000, true, true]);
});

test("a sample outside the selection is left by any move, and the move starts where one was", () => {
  const missing = locate(start({ count: 100, at: 9, sample: 5_000 }), -1);
  const next = press(missing, "ArrowRight", { columns: 10, rows: 4 });
  assert.deepEqual([next.position, next.open, next.outside, next.wanted], [10, true, false, null]);
  assert.equal(press(missing, "Enter", { columns: 10, rows: 4 }), missing);
});

test("what is open stays open while one moves, until it is closed where it is", () => {
  let cursor = pick(start({ count: 100 }), 7);
  cursor = step(move(cursor, 20), 1);
  assert.deepEqual([cursor.position, cursor.open], [21, true]);
  cursor = close(cursor);
  assert.deepEqual([cursor.position, cursor.open], [21, false]);
  assert.equal(step(cursor, -1000).position, 0);
  assert.equal(step(cursor, 1000).position, 99);
});

test("a plain selection opens any of its samples at once", () => {
  assert.equal(seek(start({ count: 100 }), 99, { plain: true }).position, 99);
});

test("keys that mean nothing are told apart", () => {
  assert.deepEqual(["Home", " ", "a", "Escape", "toString"].map(takes), [true, true, false, false, false]);
});
