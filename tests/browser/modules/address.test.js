// What an address says, and how often it is written.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AddressWriter,
  amend,
  COLOUR_MAPS,
  DEFAULTS,
  format,
  MOST_PICKED,
  parse,
  readNumber,
  readSeed,
  revisit,
} from "../explorer/address.js";

test("a fragment and its state are the same", () => {
  const fragments = [
    "#/samples/mnist/train",
    "#/map/digits/all?label=3&label=8&seed=18446744073709551615",
    "#/samples/mnist/test?label=0&seed=0&cmap=viridis&paper=white&size=l&at=12&sample=3",
    "#/statistics/mnist/test?use=true",
    "#/samples/mnist/train?label=3&order=oddest&at=4",
    "#/map/mnist/train?index=9&index=3&index=59999&only=true&kind=tsne",
  ];
  for (const fragment of fragments) {
    const { state, faults } = parse(fragment);
    assert.deepEqual(faults, []);
    assert.equal(format(state), fragment);
  }
  assert.deepEqual(parse("").state, { ...DEFAULTS, label: [] });
});

test("what makes no sense is left out, and said", () => {
  const bad = ["seed=-1", "seed=18446744073709551616", "cmap=jet", "size=xl", "at=1.5", "sample=x", "use=1", "label=a", "foo=1"];
  bad.push("index=x", "index=-3", "only=1", "only=true", "order=seed", "kind=umap");
  for (const part of bad) {
    const { state, faults } = parse(`#/samples/mnist/train?${part}&paper=black`);
    assert.equal(faults.length, 1, part);
    assert.ok(faults[0].includes(part.split("=")[0]), faults[0]);
    assert.equal(format(state), "#/samples/mnist/train?paper=black");
  }
  assert.match(parse("#/nowhere/mnist/train").faults[0], /no view “nowhere”/);
  assert.match(parse("#/samples/mnist/train?cmap=jet").faults[0], new RegExp(COLOUR_MAPS.join(", ")));
});

test("a seed shuffles, so another order beside it is left out, and said", () => {
  const { state, faults } = parse("#/samples/mnist/train?seed=7&order=oddest");
  assert.deepEqual([state.seed, state.order], ["7", "file"]);
  assert.match(faults.join(), /^order=oddest in the address was ignored/);
});

test("a basket in an address holds each sample once, and what it cannot hold is counted", () => {
  const basketOf = (indices) => parse(`#/samples/mnist/train?${indices.map((one) => `index=${one}`).join("&")}`);
  assert.deepEqual(basketOf([5, 3, 5, 4]).state.index, [5, 3, 4]);
  const many = Array.from({ length: MOST_PICKED + 3 }, (_, at) => 2 * at);
  const { state, faults } = basketOf(many);
  assert.deepEqual(state.index, many.slice(0, MOST_PICKED));
  assert.match(faults[0], /at most 600 samples. The last 3/);
  assert.deepEqual(basketOf(many.slice(3)).faults, []);
});

test("the fullest basket of the longest indices fits an address that the service reads", () => {
  const query = Array.from({ length: MOST_PICKED }, () => "index=69999").join("&");
  const target = "/v1/datasets/mnist/train/grid.json?cmap=viridis&invert=true&rev=0123456789ab&offset=500&limit=500&columns=25&";
  assert.ok(target.length + query.length < 8_192);
});

test("seeds have 64 bits", () => {
  const cases = { 7: "7", " 007 ": "7", 0: "0", [2n ** 64n - 1n]: "18446744073709551615" };
  for (const [text, seed] of Object.entries(cases)) assert.equal(readSeed(text), seed);
  for (const text of ["", "-1", "1.0", "0x1", "1e3", "seven", String(2n ** 64n)]) assert.equal(readSeed(text), null, text);
});

test("numbers are safe integers", () => {
  assert.equal(readNumber("9007199254740991"), 9007199254740991);
  for (const text of ["9007199254740992", "-1", "", "1 2", "1e3"]) assert.equal(readNumber(text), null, text);
});

test("a change of the selection ends the position, and of the split also the sample", () => {
  const state = { ...DEFAULTS, label: [], at: 40, sample: 45 };
  assert.deepEqual([amend(state, { label: [3] }).at, amend(state, { label: [3] }).sample], [0, 45]);
  assert.deepEqual([amend(state, { split: "test" }).at, amend(state, { split: "test" }).sample], [0, null]);
  assert.equal(amend(state, { split: "test", sample: 4 }).sample, 4);
  assert.deepEqual([amend(state, { cmap: "magma" }).at, amend(state, { label: [] }).at], [40, 40]);
  assert.equal(amend(state, { use: true }).sample, null);
  assert.equal(amend({ ...state, sample: null, use: true }, { sample: 3 }).use, false);
});

test("a seed and the oddest first exclude each other, and the last one chosen stays", () => {
  const state = { ...DEFAULTS, label: [], at: 40 };
  const shuffled = amend({ ...state, order: "oddest" }, { seed: "7" });
  assert.deepEqual([shuffled.seed, shuffled.order, shuffled.at], ["7", "file", 0]);
  const oddest = amend({ ...state, seed: "7" }, { order: "oddest" });
  assert.deepEqual([oddest.seed, oddest.order, oddest.at], [null, "oddest", 0]);
});

test("a basket belongs to a split, an empty one shows nothing, and one that changes leaves the position", () => {
  const state = { ...DEFAULTS, label: [], index: [4, 5], only: true, at: 1 };
  const elsewhere = amend(state, { split: "test" });
  assert.deepEqual([elsewhere.index, elsewhere.only], [[], false]);
  assert.equal(amend(state, { index: [] }).only, false);
  assert.deepEqual([amend(state, { index: [5] }).only, amend(state, { index: [5] }).at], [true, 1]);
  assert.equal(amend(state, { only: false }).at, 0);
});

test("to go back takes nothing out of the basket, and brings that of another split", () => {
  const then = { ...DEFAULTS, label: [], index: [4], only: true, sample: 4 };
  const now = { ...DEFAULTS, label: [], index: [4, 5] };
  assert.deepEqual(revisit(then, now), { ...then, index: [4, 5] });
  assert.deepEqual(revisit(then, { ...now, index: [] }), { ...then, index: [], only: false });
  assert.equal(revisit(then, { ...now, split: "test" }), then);
});

/** A writer with a clock that the test turns. */
function made() {
  const entries = ["first"];
  const writes = [];
  let time = 0;
  let timers = [];
  const record = () => writes.push(time);
  const writer = new AddressWriter({
    push: (fragment) => record() && entries.push(fragment),
    replace: (fragment) => record() && (entries[entries.length - 1] = fragment),
    now: () => time,
    later: (action, delay) => timers.push({ due: time + delay, action }),
  });
  const turn = (milliseconds) => {
    time += milliseconds;
    const due = timers.filter((timer) => timer.due <= time);
    timers = timers.filter((timer) => timer.due > time);
    for (const { action } of due) action();
  };
  return { writer, entries, writes, turn };
}

const most = (writes) => Math.max(...writes.map((from) => writes.filter((at) => at >= from && at < from + 30_000).length));

test("a held key never writes more often than browsers allow, and its last place is written", () => {
  const { writer, entries, writes, turn } = made();
  for (let time = 0; time < 4_000; time++) {
    writer.replace(`at=${time}`);
    turn(33);
  }
  turn(1_000);
  assert.equal(entries.join(), "at=3999");
  assert.ok(most(writes) < 100, `${most(writes)} writes in 30 seconds`);
});

test("opening and closing without a pause stays within the limit as well, and ends at the right address", () => {
  const { writer, entries, writes, turn } = made();
  for (let time = 0; time < 1_000; time++) {
    writer.push(`sample=${time}`);
    writer.replace(`at=${time}`);
    turn(20);
  }
  for (let second = 0; second < 60; second++) turn(1_000);
  assert.equal(entries.at(-1), "at=999");
  assert.ok(most(writes) < 100, `${most(writes)} writes in 30 seconds`);
});

test("a new entry leaves the one before it at the last place it had", () => {
  const { writer, entries, turn } = made();
  for (const fragment of ["a", "b", "c"]) writer.replace(fragment);
  writer.push("d");
  turn(5_000);
  assert.deepEqual(entries, ["c", "d"]);
});

test("what was to be written about an entry that was left is dropped", () => {
  const { writer, entries, turn } = made();
  writer.replace("a");
  writer.replace("b");
  writer.forget();
  turn(5_000);
  assert.deepEqual(entries, ["a"]);
});
