// Which samples each view is about, and where they stand.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULTS } from "../explorer/address.js";
import { MOST_PICKED } from "../explorer/address.js";
import { describe, join, SampleOrder, selectionOf, toggled, without } from "../explorer/selection.js";

const CARD = {
  rev: "abc",
  classes: ["0", "1", "2"],
  splits: {
    train: { count: 6_000, labels: { 0: 1_000, 1: 2_001, 2: 2_999 } },
    test: { count: 900, labels: { 0: 300, 1: 300, 2: 300 } },
  },
};

const of = (patch) => selectionOf({ ...DEFAULTS, dataset: "made", ...patch }, CARD);

test("a view that shows no labels and no order is about the whole split", () => {
  for (const view of ["labels", "statistics", "compare"]) {
    const found = of({ view, label: [1], seed: "7" });
    assert.deepEqual([found.parameters, found.count, found.plain], [{}, 6_000, true], view);
  }
});

test("the grid is about the labels and the order that are chosen", () => {
  const found = of({ label: [0, 2], seed: "7" });
  assert.deepEqual([found.parameters, found.count, found.plain], [{ label: [0, 2], seed: "7" }, 3_999, false]);
  assert.equal(describe(found), "3,999 samples labelled 0 or 2, shuffled with seed 7");
  assert.equal(describe(of({})), "6,000 samples, in file order");
});

test("the map is about the samples that it draws, and says which", () => {
  const found = of({ view: "map" });
  assert.deepEqual([found.parameters, found.count, found.total, found.drawn], [{ seed: "1" }, 2_000, 6_000, true]);
  assert.equal(describe(found), "2,000 of 6,000 samples, drawn with seed 1");
  assert.deepEqual(of({ view: "map", seed: "9" }).parameters, { seed: "9" });
  const few = of({ view: "map", split: "test" });
  assert.deepEqual([few.parameters, few.count, few.drawn, few.plain], [{}, 900, false, true]);
  assert.equal(of({ view: "map", label: [1] }).drawn, true);
  assert.equal(of({ view: "map", label: [0] }).drawn, false);
});

test("the oddest come first, with labels as well, and on a map that cannot hold all it takes these", () => {
  const found = of({ order: "oddest", label: [1] });
  assert.deepEqual([found.parameters, found.count, found.plain], [{ label: [1], order: "oddest" }, 2_001, false]);
  assert.equal(describe(found), "2,001 samples labelled 1, the oddest first");
  const drawn = of({ order: "oddest", view: "map" });
  assert.deepEqual([drawn.parameters, drawn.count, drawn.drawn], [{ order: "oddest" }, 2_000, true]);
  assert.equal(describe(drawn), "2,000 of 6,000 samples, the oddest of them");
});

test("a basket alone is exactly its samples in their order, whatever labels and order are chosen beside it", () => {
  for (const view of ["samples", "map"]) {
    const found = of({ view, index: [7, 3, 5], only: true, label: [1], seed: "7" });
    assert.deepEqual([found.parameters, found.count, found.total], [{ index: [7, 3, 5] }, 3, 3], view);
    assert.deepEqual([found.plain, found.drawn], [false, false]);
    assert.equal(describe(found), "3 picked samples, in the order of picking");
  }
  assert.equal(describe(of({ index: [7], only: true })), "1 picked sample");
  assert.deepEqual(of({ index: [7, 3, 5] }).parameters, {});
  assert.deepEqual(of({ view: "statistics", index: [7], only: true }).parameters, {});
});

test("a basket takes each sample once, in the order of picking, and never more than it holds", () => {
  assert.deepEqual(join([5, 3], [4, 3, 9]), [5, 3, 4, 9]);
  assert.deepEqual(without([5, 3, 4], [3, 8]), [5, 4]);
  const full = Array.from({ length: MOST_PICKED }, (_, at) => at);
  assert.deepEqual(join(full, [0, 1]), full);
  assert.equal(join(full, [MOST_PICKED]), null);
  assert.equal(join([], Array.from({ length: 60_000 }, (_, at) => at)), null);
});

test("a label is toggled among the others, in their order", () => {
  assert.deepEqual([toggled([1, 8], 3), toggled([1, 3, 8], 3), toggled([], 0)], [[1, 3, 8], [1, 8], [0]]);
});

test("selections are the same exactly if they have the same samples in the same order", () => {
  assert.equal(of({ view: "labels", label: [1] }).key, of({}).key);
  const keys = [of({}), of({ seed: "1" }), of({ label: [1] }), of({ split: "test" }), of({ view: "map" })];
  keys.push(of({ order: "oddest" }), of({ index: [1, 2], only: true }), of({ index: [2, 1], only: true }));
  assert.equal(new Set(keys.map(({ key }) => key)).size, keys.length);
});

/** A service whose answers are made here, and what it was asked. */
function made(order) {
  const asked = [];
  return { asked, json: async (path, query) => asked.push([path, query]) && { order } };
}

test("the order is learned from what is shown, and asked for only when that does not say where a sample stands", async () => {
  const service = made([5, 3, 8, 1]);
  const selection = { ...of({ label: [1], seed: "7" }), count: 4 };
  const order = new SampleOrder(service, selection, "abc");
  order.learn(0, [5, 3]);
  assert.equal(await order.positionOf(3), 1);
  assert.deepEqual(service.asked, []);
  assert.deepEqual(await Promise.all([order.positionOf(1), order.positionOf(99)]), [3, -1]);
  assert.deepEqual(service.asked, [["v1/datasets/made/train/order", { label: [1], seed: "7", rev: "abc" }]]);
  assert.equal(await order.positionOf(98), -1);
  assert.equal(service.asked.length, 1);
});

/** A service that tells the order in pages of a contact sheet, as that of the oddest; and what it was asked. */
function paged(order) {
  const asked = [];
  const grid = async (split, query) => {
    asked.push(query);
    return { tiles: order.slice(query.offset, query.offset + query.limit).map((index) => ({ index })) };
  };
  return { asked, grid };
}

test("among the oddest, a sample is looked for page by page until it is found", async () => {
  const count = 6_000;
  const service = paged(Array.from({ length: count }, (_, at) => count - 1 - at));
  const order = new SampleOrder(service, of({ order: "oddest" }), "abc");
  assert.equal(await order.positionOf(5_990), 9);
  assert.deepEqual(service.asked.map(({ offset, limit }) => [offset, limit]), [[0, 5_000]]);
  assert.deepEqual([service.asked[0].order, service.asked[0].rev], ["oddest", "abc"]);
  assert.equal(await order.positionOf(0), 5_999);
  assert.equal(await order.positionOf(7_000), -1);
});

test("the order of a basket is known without asking", async () => {
  const order = new SampleOrder({}, of({ index: [7, 3, 5], only: true }), "abc");
  assert.deepEqual([order.indexAt(2), await order.positionOf(3), await order.positionOf(4)], [5, 1, -1]);
  assert.deepEqual(await order.between(1, 2), [3, 5]);
});

test("samples between two positions are those that stand there, asked for only if they were not shown", async () => {
  const service = paged([5, 3, 8, 1]);
  const order = new SampleOrder(service, { ...of({ label: [1], seed: "7" }), count: 4 }, "abc");
  assert.deepEqual(await order.between(1, 3), [3, 8, 1]);
  assert.deepEqual(await order.between(2, 3), [8, 1]);
  assert.deepEqual(service.asked.map(({ offset, limit }) => [offset, limit]), [[1, 3]]);
  assert.deepEqual(await new SampleOrder({}, of({}), "abc").between(40, 42), [40, 41, 42]);
});

test("labels in file order are asked for in file order", async () => {
  const service = made([2, 4]);
  await new SampleOrder(service, of({ label: [1] }), "abc").positionOf(4);
  assert.deepEqual(service.asked[0][1], { label: [1], shuffle: false, rev: "abc" });
});

test("in file order nothing is asked for", async () => {
  const service = made([]);
  const order = new SampleOrder(service, of({}), "abc");
  assert.deepEqual([order.indexAt(4_567), await order.positionOf(4_567)], [4_567, 4_567]);
  assert.deepEqual(service.asked, []);
});

test("a failure to ask is no answer, and the next question asks again", async () => {
  let times = 0;
  const service = { json: async () => (times++ ? { order: [7] } : Promise.reject(new TypeError("lost"))) };
  const order = new SampleOrder(service, { ...of({ seed: "7" }), count: 1 }, "abc");
  await assert.rejects(order.positionOf(7));
  assert.equal(await order.positionOf(7), 0);
});
