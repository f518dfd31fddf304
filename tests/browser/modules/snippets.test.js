// Code that fetches what is shown: from which addresses, and that it is well-formed. tests/browser/test_use.py runs it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { answerSnippets, fileQuery, FILES, snippets } from "../explorer/snippets.js";

const SERVICE = {
  url(path, query) {
    const url = new URL(`https://digits.example/${path}`);
    for (const [name, value] of Object.entries(query)) for (const one of [value].flat()) url.searchParams.append(name, one);
    return url.href;
  },
};

const WHAT = { split: "made/train", total: 6_000, drawn: false, rev: "abc", image: [3, 5], peak: 10 };

const CHOICES = [
  {},
  { label: ["1", "2"] },
  { seed: "18446744073709551615" },
  { label: ["2"], order: "oddest" },
  { index: ["5", "3"] },
];

/** The addresses in a snippet. */
const urlsIn = (code) => [...code.replaceAll("&amp;", "&").matchAll(/https:[^'"]+/g)].map(([url]) => new URL(url));

/** The parameters of an address by name. */
function queryOf(url) {
  const found = {};
  for (const [name, value] of url.searchParams) (found[name] ??= []).push(value);
  return found;
}

const asLists = (parameters) => Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, [value].flat()]));

test("every tool fetches a selection from one address, which chooses exactly its samples", () => {
  const suffixes = { curl: "csv", pandas: "parquet", JavaScript: "ndjson", R: "csv" };
  for (const parameters of CHOICES) {
    for (const [tool, code] of Object.entries(snippets(SERVICE, { ...WHAT, parameters }))) {
      const [url, ...more] = urlsIn(code);
      assert.deepEqual(more, [], tool);
      const { scale, layout, ...chosen } = queryOf(url);
      if (tool === "HTML") continue;
      assert.equal(url.pathname, `/v1/datasets/made/train.${suffixes[tool] ?? "npz"}`, tool);
      assert.deepEqual(chosen, asLists({ ...parameters, rev: "abc" }), tool);
      assert.deepEqual([scale, layout], { Keras: [["unit"], ["hwc"]], torch: [["standard"], ["chw"]] }[tool] ?? [undefined, undefined]);
    }
  }
});

test("of samples that the map draws, there are as many as it draws", () => {
  const what = { ...WHAT, parameters: { seed: "1" }, total: 2_000, drawn: true };
  for (const code of Object.values(snippets(SERVICE, what))) {
    const { limit, seed } = queryOf(urlsIn(code)[0]);
    assert.deepEqual([limit, seed], [[code.startsWith("<img") ? "100" : "2000"], ["1"]], code);
  }
  assert.deepEqual(fileQuery(what), { seed: "1", limit: 2_000, rev: "abc" });
  assert.deepEqual(fileQuery({ ...what, drawn: false }), { seed: "1", rev: "abc" });
});

test("one sample is a row of a page, and no file is built for it", () => {
  const what = { ...WHAT, parameters: { offset: 7, limit: 1 }, total: 1 };
  for (const [tool, code] of Object.entries(snippets(SERVICE, what))) {
    const [url] = urlsIn(code);
    assert.equal(url.pathname, `/v1/datasets/made/train/${tool === "HTML" ? "grid.png" : "rows"}`);
    assert.deepEqual([queryOf(url).offset, queryOf(url).limit], [["7"], ["1"]], tool);
  }
});

test("a picture is HTML, has the size that it is shown in, and looks as the page does", () => {
  const code = (more) => snippets(SERVICE, { ...WHAT, parameters: { label: [1, 2] }, look: { cmap: "viridis" }, ...more }).HTML;
  assert.match(code({}), /^<img src="[^"&]*(&amp;[^"&]*)+"\s+width="550" height="330" alt="The first 100 of 6000 samples">$/);
  assert.match(code({ total: 23 }), /width="550" height="99" alt="23 samples">$/);
  assert.match(code({ total: 1 }), /width="55" height="33" alt="1 sample">$/);
  assert.equal(urlsIn(code({}))[0].searchParams.get("cmap"), "viridis");
});

test("code for an answer reads the list that the view shows", () => {
  const url = "https://digits.example/v1/datasets/made/train/labels?rev=abc";
  const image = { url: "https://digits.example/mean.png?a=1&b=2", alt: "Mean of label 0", width: 56, height: 56 };
  const found = answerSnippets({ url, member: "labels", images: [image, image] });
  assert.deepEqual(Object.keys(found), ["curl", "Python", "JavaScript", "HTML", "R"]);
  for (const [tool, code] of Object.entries(found)) {
    if (tool === "HTML") assert.equal(code.match(/<img src="https:\/\/digits.example\/mean.png\?a=1&amp;b=2"/g).length, 2);
    else assert.deepEqual(urlsIn(code).map(String), [url], tool);
  }
  assert.match(found.JavaScript, /const \{ labels \} = /);
  assert.ok(!("HTML" in answerSnippets({ url, member: "labels" })), "without pictures, there is no HTML");
});

test("brackets and quotes of R are closed, for want of R itself", () => {
  for (const code of [snippets(SERVICE, { ...WHAT, parameters: {} }).R, answerSnippets({ url: "https://a/b", member: "rows" }).R]) {
    const bare = code.replaceAll(/"[^"\n]*"/g, '""').replaceAll(/#.*/g, "");
    assert.equal(bare.split("(").length, bare.split(")").length);
    assert.equal(bare.split('"').length % 2, 1);
  }
});

test("a selection can be had as every kind of file", () => {
  assert.deepEqual(Object.values(FILES), ["CSV", "Parquet", "NPZ", "Arrow", "NDJSON"]);
});
