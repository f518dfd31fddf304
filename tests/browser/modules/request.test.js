// The requests behind each view, and who may show a view in a frame.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULTS, VIEWS } from "../explorer/address.js";
import { ancestorsOf, frameElement, permissionOf } from "../explorer/embed.js";
import { answerOf, MEMBERS, requestsOf } from "../explorer/request.js";

const CARD = { rev: "abc", image_shape: [3, 5], classes: ["0", "1"] };
const SERVICE = { url: (path, query) => `https://digits.example/${path}?${new URLSearchParams(query)}` };
const SELECTION = { split: "made/train", parameters: { seed: "7" }, count: 1_200 };
const ABOUT = { selection: SELECTION, card: CARD, look: { cmap: "magma" } };

const of = (patch) => requestsOf({ ...DEFAULTS, dataset: "made", pixels: "AAAA", ...patch }, ABOUT);

test("there are requests behind every view, of the split that it shows and of this revision", () => {
  for (const view of VIEWS) {
    const found = of({ view });
    assert.ok(found.length > 0 && view in MEMBERS, view);
    for (const { path, parameters } of found) {
      if (view === "compare") assert.equal(path, "v1/datasets");
      else assert.ok(path.startsWith("v1/datasets/made/train/") && parameters.rev === "abc", `${view}: ${path}`);
    }
  }
});

test("the picture of the grid is the sheet on which the active sample stands", () => {
  for (const [at, offset] of [[0, 0], [499, 0], [500, 500], [1_199, 1_000]]) {
    const [, picture, positions] = of({ at });
    assert.deepEqual([picture.parameters.offset, picture.parameters.limit], [offset, 500]);
    assert.deepEqual(picture.parameters, positions.parameters);
    assert.deepEqual([picture.parameters.seed, picture.parameters.cmap], ["7", "magma"]);
  }
});

test("an image of the grid is as high as its rows", () => {
  const sizeAt = (at) => answerOf(SERVICE, { ...DEFAULTS, at }, ABOUT).images.map(({ width, height, alt }) => [width, height, alt]);
  assert.deepEqual(sizeAt(0), [[125, 60, "500 samples"]]);
  assert.deepEqual(sizeAt(1_000), [[125, 24, "200 samples"]]);
});

test("the map tells its kind, and takes as many samples as it shows", () => {
  const [places] = of({ view: "map", kind: "tsne" });
  assert.deepEqual(places.parameters, { seed: "7", limit: 1_200, rev: "abc", kind: "tsne" });
});

test("nothing is asked for while a drawing is empty", () => {
  assert.deepEqual(of({ view: "draw", pixels: null }), []);
  assert.equal(answerOf(SERVICE, { ...DEFAULTS, view: "draw", pixels: null }, ABOUT), null);
});

test("the labels have a picture of each class", () => {
  const { images, member } = answerOf(SERVICE, { ...DEFAULTS, view: "labels" }, ABOUT);
  assert.equal(member, "labels");
  assert.deepEqual(images.map(({ alt, width, height }) => [alt, width, height]), [["Mean of label 0", 55, 33], ["Mean of label 1", 55, 33]]);
});

test("who may show the page in a frame is read from its policy", () => {
  const before = "default-src 'self'; base-uri 'none'; ";
  const cases = [
    ["frame-ancestors 'none'", []],
    ["frame-ancestors *", null],
    ["frame-ancestors 'self' https://a.example  https://*.b.example", ["self", "https://a.example", "https://*.b.example"]],
    ["Frame-Ancestors 'self'", ["self"]],
    ["", null],
  ];
  for (const [text, found] of cases) assert.deepEqual(ancestorsOf(before + text), found, text);
  assert.equal(ancestorsOf(null), null);
});

test("who may show it is told in words, with the setting that decides", () => {
  assert.match(permissionOf([]), /lets no page show it in a frame.*DIGITS_FRAME_ANCESTORS/);
  assert.match(permissionOf(["self", "https://a.example"]), /^Pages of this service and https:\/\/a.example may.*DIGITS_FRAME_ANCESTORS/);
  assert.match(permissionOf(null), /any origin may/);
});

test("the element of a frame is HTML whatever its address and name are", () => {
  const code = frameElement('https://a.example/#/samples?label=1&at="2"', 'a "name" & more');
  assert.match(code, /^<iframe src="https:\/\/a.example\/#\/samples\?label=1&amp;at=&quot;2&quot;"/);
  assert.match(code, /title="a &quot;name&quot; &amp; more"/);
  assert.match(code, /width="\d+" height="\d+"/);
});
