// Which failures are waited for, and what is offered for the others.

import assert from "node:assert/strict";
import { test } from "node:test";
import { remedyOf, retryDelay } from "../explorer/failure.js";

const refused = (status) => Object.assign(new Error("refused"), { status });

test("a service that is gone or busy is asked again, ever more rarely", () => {
  for (const error of [new TypeError("lost"), refused(429), refused(502), refused(503), refused(504)]) {
    const delays = Array.from({ length: 20 }, (_, attempt) => retryDelay(error, attempt));
    assert.deepEqual(delays.slice(0, 3), [3_000, 6_000, 12_000]);
    assert.equal(Math.max(...delays), 60_000);
    assert.equal(remedyOf(error), "again");
  }
});

test("what was refused is not asked again", () => {
  for (const status of [400, 404, 409, 414, 422]) assert.equal(retryDelay(refused(status), 0), null);
  assert.equal(retryDelay(refused(500), 0), null);
});

test("other data need a new page, a refused choice another choice", () => {
  assert.deepEqual([409, 422, 404, 500].map((status) => remedyOf(refused(status))), ["reload", "reset", "reset", "again"]);
});
