// Which samples each view is about, and where they stand.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULTS } from "../explorer/address.js";
import { describe, SampleOrder, selectionOf } from "../explorer/selection.js";
import { snippets } from "../explorer/snippets.js";

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

test("selections are the same exactly if they have the same samples in the same order", () => {
  assert.equal(of({ view: "labels", label: [1] }).key, of({}).key);
  const keys = [of({}), of({ seed: "1" }), of({ label: [1] }), of({ split: "test" }), of({ view: "map" })];
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

test("code for samples that the map draws takes exactly these", () => {
  const service = { url: (path, query) => `${path}?${new URLSearchParams(query)}` };
  const what = { split: "made/train", parameters: { seed: "1" }, total: 2_000, rev: "abc", image: [2, 2], peak: 1 };
  const drawn = snippets(service, { ...what, drawn: true });
  assert.match(drawn.curl, /batch_size=2000&steps=1&/);
  assert.match(drawn.NumPy, /limit=2000&seed=1/);
  assert.match(snippets(service, { ...what, drawn: false }).curl, /steps=all/);
});
