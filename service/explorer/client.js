/**
 * The digits service from JavaScript: in a page of any origin, in a worker, in Node 20 and newer. No dependencies.
 *
 *   import { connect, draw } from "https://…/client.js";
 *   const service = connect();                                  // the service that this module came from
 *   const pixels = await service.pixels("mnist/train", 0, 1);   // Uint8Array of 784
 *   draw(document.querySelector("canvas"), pixels, { scale: 8, cmap: "viridis" });
 *
 * A split is named as in URLs: "mnist/train", "mnist/test", "mnist/all", "digits/all". Options are the parameters of
 * the HTTP interface by their own names; what it refuses is thrown as a Problem whose message says what to do.
 */

/** What the service refused (RFC 9457): `message` says why and what to do, `errors` names each faulty parameter. */
export class Problem extends Error {
  constructor(body, status) {
    super(body.detail ?? `The service answered ${status}.`);
    this.name = "Problem";
    this.status = status;
    this.type = body.type ?? "about:blank";
    this.title = body.title ?? "";
    this.errors = body.errors ?? [];
  }
}

/**
 * The service at `base`, which may be relative to the page; without it, the one that this module was loaded from.
 * `retries` is how often a request is repeated that failed for a reason that passes; `key` is sent where it asks for one.
 */
export function connect(base, options) {
  return new Service(base ?? findOrigin(), options);
}

export class Service {
  #key;

  constructor(base, { retries = 4, key } = {}) {
    this.base = findBase(base);
    this.retries = checkCount("retries", retries, 0);
    this.#key = key;
  }

  /** The absolute URL of a path of the service, such as "v1/datasets", with parameters; lists repeat theirs. */
  url(path, parameters = {}) {
    const url = new URL(path.replace(/^\//, ""), this.base);
    for (const [name, value] of Object.entries(parameters)) {
      for (const one of Array.isArray(value) ? value : [value]) {
        if (one !== undefined && one !== null) url.searchParams.append(name, String(one));
      }
    }
    return url.href;
  }

  /**
   * A successful answer; throws a Problem for any other. `signal` ends waiting for it. A lost connection and the
   * statuses of RETRIED are tried again after a pause, up to `retries` times; what the service refuses is not.
   */
  async fetch(url, options) {
    return (await this.#read(url, null, options)).answer;
  }

  async json(path, parameters, options) {
    return (await this.#read(this.url(path, parameters), "json", options)).body;
  }

  /** A successful answer as { answer, body }; `as` is how the body is read: "json", "arrayBuffer", or null for not. */
  async #read(url, as, { signal, retries = this.retries, ...request } = {}) {
    let longest = 100; // milliseconds
    const headers = new Headers(request.headers);
    if (this.#key && String(url).startsWith(this.base)) headers.set("Authorization", `Bearer ${this.#key}`);
    for (let left = checkCount("retries", retries, 0); ; left--) {
      const { answer, body, error, pause } = await attempt(url, as, { ...request, headers, signal });
      if (!error) return { answer, body };
      if (pause === null || pause > LONGEST_PAUSE || left === 0) throw error;
      await sleep(Math.max(pause, longest * Math.random()), signal);
      longest = Math.min(2 * longest, 10_000);
    }
  }

  /** The cards of all datasets: what a person asks before using one. */
  async cards(options) {
    return (await this.json("v1/datasets", {}, options)).datasets;
  }

  /** The card of one dataset. */
  card(dataset, options) {
    return this.json(`v1/datasets/${dataset}`, {}, options);
  }

  /** A page of flattened rows: { total, rows: [{ index, label, pixels }], links, … }. */
  rows(split, { signal, retries, ...parameters } = {}) {
    return this.json(`v1/datasets/${split}/rows`, { ...parameters, format: "json" }, { signal, retries });
  }

  /** The raw pixels of `limit` samples from `offset` on, one after the other, as a Uint8Array. */
  async pixels(split, offset = 0, limit = 100, { signal, retries, ...parameters } = {}) {
    const query = { ...parameters, scale: "raw", offset, limit, format: "npy" };
    const url = this.url(`v1/datasets/${split}/rows`, query);
    return array((await this.#read(url, "arrayBuffer", { signal, retries })).body).data;
  }

  /** The samples at any `indices`, in that order, repeats kept, at most 10,000: { x, shape, y, index }. */
  async take(split, indices, { signal, retries, layout = "image", scale = "raw", rev } = {}) {
    const { body } = await this.#read(
      this.url(`v1/datasets/${split}/take`, { layout, scale, rev, format: "npz" }),
      "arrayBuffer",
      {
        method: "POST",
        headers: { "Content-Type": "application/octet-stream" },
        body: BigInt64Array.from(indices, BigInt),
        signal,
        retries,
      },
    );
    const { x, y, index } = archive(body);
    return { x: x.data, shape: x.shape, y: numbers(y), index: numbers(index) };
  }

  /** One sample: { index, label, image: [[…], …], links, … }. */
  sample(split, index, options) {
    return this.json(`v1/datasets/${split}/samples/${index}`, {}, options);
  }

  /** The `k` nearest samples of one: [{ index, label, distance, links }], nearest first. */
  async neighbors(split, index, { k = 10, ...options } = {}) {
    return (await this.json(`v1/datasets/${split}/samples/${index}/neighbors`, { k }, options)).neighbors;
  }

  /** The same of a drawing, raw pixels row by row: { neighbors, votes, links, … }; `votes` counts them by label. */
  async neighborsOf(split, pixels, { signal, retries, ...parameters } = {}) {
    return this.json(`v1/datasets/${split}/neighbors`, { pixels: encodePixels(pixels), ...parameters }, { signal, retries });
  }

  /** Where that answer is; it can be shared, because the drawing is in it. */
  neighborsUrl(split, pixels, parameters = {}) {
    return this.url(`v1/datasets/${split}/neighbors`, { pixels: encodePixels(pixels), ...parameters });
  }

  /** Each class: { label, name, count, share, first_index, mean, std, nonzero, links }. */
  async labels(split, options) {
    return (await this.json(`v1/datasets/${split}/labels`, {}, options)).labels;
  }

  /** Statistics of every column, and of all pixels together. */
  statistics(split, options) {
    return this.json(`v1/datasets/${split}/statistics`, {}, options);
  }

  /** Samples in two dimensions: { points: [{ index, label, x, y }], explained, … }. */
  projection(split, { signal, retries, ...parameters } = {}) {
    return this.json(`v1/datasets/${split}/projection`, parameters, { signal, retries });
  }

  /** The map of the contact sheet that `gridUrl` draws with the same parameters. */
  grid(split, { signal, retries, ...parameters } = {}) {
    return this.json(`v1/datasets/${split}/grid.json`, parameters, { signal, retries });
  }

  /** Where a contact sheet is: `limit`, `offset`, `columns`, `gap`, `label`, `seed`, `scale`, `cmap`, `invert`, … */
  gridUrl(split, { type = "png", ...parameters } = {}) {
    return this.url(`v1/datasets/${split}/grid.${type}`, parameters);
  }

  /** Where the picture of a sample is; `type` is "png", "webp" or "svg". */
  pictureUrl(split, index, { type = "png", ...parameters } = {}) {
    return this.url(`v1/datasets/${split}/samples/${index}.${type}`, parameters);
  }

  /** What an epoch of these batches is: { epoch_samples, epoch_steps, rows_per_rank, … }; no data is sent. */
  plan(split, { signal, retries, ...parameters } = {}) {
    return this.json(`v1/datasets/${split}/batches/plan`, parameters, { signal, retries });
  }

  /**
   * Training batches to the end of the epoch, or `steps` of them, the next one fetched while one is in use:
   * { x, shape, y, index, valid, start, next, steps }. `next` is where to resume; null after the last of the epoch.
   */
  async *batches(split, { signal, retries, start = 0, steps = Infinity, ...parameters } = {}) {
    if (steps !== Infinity) checkCount("steps", steps, 1);
    const ended = new AbortController();
    const end = () => ended.abort(signal.reason);
    if (signal?.aborted) end();
    signal?.addEventListener("abort", end, { once: true });
    const read = async (from) => {
      const url = this.url(`v1/datasets/${split}/batches`, { ...parameters, start: from, format: "npz" });
      const { answer, body } = await this.#read(url, "arrayBuffer", { signal: ended.signal, retries });
      return describeBatch(body, answer.headers, from);
    };
    try {
      for (let coming = read(start), left = steps; coming; left--) {
        const batch = await coming;
        coming = batch.next === null || left === 1 ? null : read(batch.next);
        coming?.catch(() => {}); // told when it is awaited
        yield batch;
      }
    } finally {
      signal?.removeEventListener("abort", end);
      ended.abort();
    }
  }
}

/** The address of the service that this module was loaded from. */
function findOrigin() {
  try {
    return findBase(new URL(".", HERE));
  } catch {
    throw new TypeError(
      'This module was not loaded from a service, so give the address of one: connect("https://digits.example").',
    );
  }
}

/** An absolute address with a slash at the end; what is relative is so to the page, or to the script of a worker. */
function findBase(base) {
  let url;
  try {
    url = new URL(base, globalThis.document?.baseURI ?? globalThis.location?.href);
  } catch {
    throw new TypeError(`"${base}" is no absolute address; give one such as "https://digits.example".`);
  }
  if (!["http:", "https:"].includes(url.protocol) || url.search || url.hash) {
    throw new TypeError(`"${base}" is no address of a service; give one such as "https://digits.example", without a query.`);
  }
  return url.href.endsWith("/") ? url.href : `${url.href}/`;
}

function checkCount(name, value, least) {
  if (Number.isInteger(value) && value >= least) return value;
  throw new RangeError(`${name} must be an integer of at least ${least}, not ${value}.`);
}

/** One attempt: { answer, body }, or an error with the milliseconds after which to try again; null for never. */
async function attempt(url, as, request) {
  try {
    const answer = await fetch(url, request);
    if (answer.ok) return { answer, body: as && (await answer[as]()) };
    const error = new Problem(await answer.json().catch(() => ({})), answer.status);
    return { error, pause: RETRIED.has(answer.status) ? readRetryAfter(answer.headers) : null };
  } catch (error) {
    return { error, pause: error instanceof TypeError && !request.signal?.aborted ? 0 : null };
  }
}

/** Milliseconds that an answer asks to wait (RFC 9110, section 10.2.3); 0 where it does not. */
function readRetryAfter(headers) {
  const text = headers.get("Retry-After") ?? "";
  const wait = /^\d+$/.test(text) ? 1_000 * Number(text) : Date.parse(text) - Date.now();
  return wait > 0 ? wait : 0;
}

function sleep(milliseconds, signal) {
  return new Promise((done, failed) => {
    if (signal?.aborted) return failed(signal.reason);
    const end = () => {
      clearTimeout(timer);
      failed(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", end);
      done();
    }, milliseconds);
    signal?.addEventListener("abort", end, { once: true });
  });
}

/** A training batch, from its NPZ file and the headers that came with it. */
function describeBatch(file, headers, start) {
  const { x, y, index, valid } = archive(file);
  const more = /rel="?next"?/.test(headers.get("Link") ?? "");
  return {
    x: x.data,
    shape: x.shape,
    y: numbers(y),
    index: numbers(index),
    valid: Number(valid.data[0]),
    start,
    next: more ? Number(headers.get("Next-Start")) : null,
    steps: Number(headers.get("Epoch-Steps")),
  };
}

/**
 * Draw one sample on a canvas (of a page or an OffscreenCanvas), which takes its size: every pixel becomes a square of
 * `scale`. `peak` is the largest raw value (255 in mnist, 16 in digits); `width` is needed unless the image is square.
 */
export function draw(canvas, pixels, { scale = 1, cmap = "gray", invert = false, peak = 255, width } = {}) {
  const across = width ?? Math.sqrt(pixels.length);
  const down = pixels.length / across;
  if (!Number.isInteger(across) || !Number.isInteger(down)) {
    throw new RangeError(`${pixels.length} pixels are no square image; give the width, or the pixels of one sample.`);
  }
  canvas.width = across * scale;
  canvas.height = down * scale;
  const context = canvas.getContext("2d");
  const picture = context.createImageData(canvas.width, canvas.height);
  const words = new Uint32Array(picture.data.buffer);
  const colours = palette(cmap, { invert, peak });
  for (let y = 0, at = 0; y < canvas.height; y++) {
    const row = Math.floor(y / scale) * across;
    for (let x = 0; x < canvas.width; x++) words[at++] = colours[pixels[row + Math.floor(x / scale)]];
  }
  context.putImageData(picture, 0, 0);
}

/** The colours of raw values 0…peak as RGBA words of a canvas, the same as in the service's own pictures. */
export function palette(cmap = "gray", { invert = false, peak = 255 } = {}) {
  if (cmap !== "gray" && !(cmap in COLOURS)) {
    throw new RangeError(`There is no colour map "${cmap}"; known are gray, ${Object.keys(COLOURS).join(", ")}.`);
  }
  const table = cmap === "gray" ? null : Uint8Array.from(atob(COLOURS[cmap]), (letter) => letter.charCodeAt(0));
  const bytes = new Uint8ClampedArray(4 * (peak + 1));
  for (let value = 0; value <= peak; value++) {
    const grey = roundHalfEven((value * 255) / peak);
    const shade = invert ? 255 - grey : grey;
    for (let channel = 0; channel < 3; channel++)
      bytes[4 * value + channel] = table ? table[3 * shade + channel] : shade;
    bytes[4 * value + 3] = 255;
  }
  return new Uint32Array(bytes.buffer);
}

/** Raw pixels of a drawing, integers row by row, as the parameter `pixels`: base64url without padding (RFC 4648). */
export function encodePixels(pixels) {
  const bytes = Uint8Array.from(pixels);
  const bad = bytes.findIndex((byte, at) => byte !== pixels[at]);
  if (bad >= 0) throw new RangeError(`Pixel ${bad} is ${pixels[bad]}; the raw values of pixels are integers from 0 to 255.`);
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** The arrays of an NPZ file (stored, not compressed, as the service sends it) by name: { data, shape }. */
export function archive(buffer) {
  const view = new DataView(buffer);
  const arrays = {};
  for (let at = 0; view.getUint32(at, true) === 0x04034b50;) {
    if (view.getUint16(at + 8, true) !== 0) throw new TypeError("The archive is compressed; the service's own is not.");
    const size = view.getUint32(at + 18, true);
    const name = at + 30;
    const data = name + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
    const member = String.fromCharCode(...new Uint8Array(buffer, name, view.getUint16(at + 26, true)));
    arrays[member.replace(/\.npy$/, "")] = array(buffer.slice(data, data + size));
    at = data + size;
  }
  return arrays;
}

/** The array of an NPY file (NEP 1): a typed array `data` and its `shape`. */
export function array(buffer) {
  const view = new DataView(buffer);
  const start = view.getUint8(6) === 1 ? 10 : 12;
  const length = start === 10 ? view.getUint16(8, true) : view.getUint32(8, true);
  const header = String.fromCharCode(...new Uint8Array(buffer, start, length));
  const kind = header.match(/'descr': '([^']+)'/)[1];
  const shape = header
    .match(/'shape': \(([^)]*)\)/)[1]
    .split(",")
    .filter((part) => part.trim())
    .map(Number);
  if (!(kind in TYPES)) throw new TypeError(`Arrays of type ${kind} cannot be read; ask for scale=raw or unit.`);
  return { data: new TYPES[kind](buffer.slice(start + length)), shape };
}

function numbers({ data }) {
  return Int32Array.from(data, Number);
}

function roundHalfEven(value) {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 ? floor + 1 : floor;
}

/** Where this module was loaded from. A constant, because bundlers take `new URL(…, import.meta.url)` for a file. */
const HERE = import.meta.url;

/** Statuses after which a later attempt may succeed. */
const RETRIED = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Milliseconds that an attempt waits if the service asks for it; if it asks for more, its answer is thrown. */
const LONGEST_PAUSE = 60_000;

const TYPES = { "|u1": Uint8Array, "<f4": Float32Array, "<i8": BigInt64Array };

/** Colour maps of 256 RGB triples, base64. */
const COLOURS = {
  viridis:
    "RAFURAJWRQRXRQVZRgdaRghcRgpdRgteRw1gRw5hRxBjRxFkRxNlSBRnSBZoSBdpSBhqSBpsSBttSBxuSB1vSB9wSCBxSCFzSCN0SCR1SCV2SCZ3SCh4SCl5Ryp6Ryx6Ry17Ry58Ry99RjB+RjJ+RjN/RjSARTWBRTeBRTiCRDmDRDqDRDuEQz2EQz6FQj+FQkCGQkGGQUKHQUSHQEWIQEaIP0eIP0iJPkmJPkqJPkyKPU2KPU6KPE+KPFCLO1GLO1KLOlOLOlSMOVWMOVaMOFiMOFmMN1qMN1uNNlyNNl2NNV6NNV+NNGCNNGGNM2KNM2ONMmSOMmWOMWaOMWeOMWiOMGmOMGqOL2uOL2yOLm2OLm6OLm+OLXCOLXGOLHGOLHKOLHOOK3SOK3WOKnaOKneOKniOKXmOKXqOKXuOKHyOKH2OJ36OJ3+OJ4COJoGOJoKOJoKOJYOOJYSOJYWOJIaOJIeOI4iOI4mOI4qNIouNIoyNIo2NIY6NIY+NIZCNIZGMIJKMIJKMIJOMH5SMH5WLH5aLH5eLH5iLH5mKH5qKHpuKHpyJHp2JH56JH5+IH6CIH6GIH6GHH6KHIKOGIKSGIaWFIaaFIqeFIqiEI6mDJKqDJauCJayCJq2BJ62BKK6AKa9/KrB/LLF+LbJ9LrN8L7R8MbV7MrZ6NLZ5Nbd5N7h4OLl3Orp2O7t1Pbx0P7xzQL1yQr5xRL9wRsBvSMFuSsFtTMJsTsNrUMRqUsVpVMVoVsZnWMdlWshkXMhjXsliYMpgY8tfZcteZ8xcac1bbM1abs5YcM9Xc9BWddBUd9FTetFRfNJQf9NOgdNNhNRLhtVJidVIi9ZGjtZFkNdDk9dBldhAmNg+m9k8ndk7oNo5oto3pds2qNs0qtwyrdwwsN0vst0ttd4ruN4put4ovd8mwN8lwt8jxeAhyOAgyuEfzeEd0OEc0uIb1eIa2OIZ2uMZ3eMY3+MY4uQY5eQZ5+QZ6uUa7OUb7+Uc8eUd9OYe9uYg+OYh++cj/ecl",
  magma:
    "AAAEAQAFAQEGAQEIAgEJAgILAgINAwMPAwMSBAQUBQQWBgUYBgUaBwYcCAceCQcgCggiCwkkDAkmDQopDgsrEAstEQwvEg0xEw00FA42FQ44Fg87GA89GRA/GhBCHBBEHRFHHhFJIBFLIRFOIhFQJBJTJRJVJxJYKRFaKhFcLBFfLRFhLxFjMRFlMxBnNBBpNhBrOBBsOQ9uOw9wPQ9xPw9yQA90Qg91RA92RRB3RxB4SRB4ShB5TBF6ThF7TxJ7URJ8UhN8VBN9VhR9VxV+WRV+WhZ+XBZ/XRd/Xxh/YBiAYhmAZBqAZRqAZxuAaByBahyBax2BbR2Bbh6BcB+Bch+BcyCBdSGBdiGBeCKBeSKCeyOCfCOCfiSCgCWCgSWBgyaBhCaBhieBiCeBiSiBiymBjCmBjiqBkCqBkSuBkyuAlCyAliyAmC2AmS2Amy5/nC5/ni9/oC9/oTB+ozB+pTF+pjF9qDJ9qjN9qzN8rTR8rjR7sDV7sjV7szZ6tTZ6tzd5uDd5ujh4vDl4vTl3vzp3wDp2wjt1xDx1xTx0xz1zyD5zyj5yzD9xzUBxz0Bw0EFv0kJv00Nu1URt1kVs2EVs2UZr20dq3Ehp3klo30po4Exn4k1m405l5E9k5VBk51Jj6FNi6VRi6lZh61dg7Fhg7Vpf7lte711e8F9e8WBd8mJd8mRc82Vc9Gdc9Glc9Wtc9mxc9m5c93Bc93Jc+HRc+HZc+Xhd+Xld+Xtd+n1e+n9e+oFf+4Nf+4Vg+4dh/Ilh/Ipi/Ixj/I5k/JBl/ZJm/ZRn/ZZo/Zhp/Zpq/Ztr/p1s/p9t/qFu/qNv/qVx/qdy/qlz/qp0/qx2/q53/rB4/rJ6/rR7/rZ8/rd+/rl//ruB/r2C/r+E/sGF/sKH/sSI/saK/siM/sqN/syP/s2Q/s+S/tGU/tOV/tWX/teZ/tia/dqc/dye/d6g/eCh/eKj/eOl/eWn/eep/emq/eus/Oyu/O6w/PCy/PK0/PS2/Pa4/Pe5/Pm7/Pu9/P2/",
  inferno:
    "AAAEAQAFAQEGAQEIAgEKAgIMAgIOAwIQBAMSBAMUBQQXBgQZBwUbCAUdCQYfCgciCwckDAgmDQgpDgkrEAktEQowEgoyFAs0FQs3Fgs5GAw8GQw+GwxBHAxDHgxFHwxIIQxKIwxMJAxPJgxRKAtTKQtVKwtXLQtZLwpbMQpcMgpeNApfNglhOAliOQljOwlkPQllPglmQApnQgpoRApoRQppRwtqSQtqSgxrTAxrTQ1sTw1sUQ5sUg5tVA9tVQ9tVxBuWRBuWhFuXBJuXRJuXxNuYRNuYhRuZBVuZRVuZxZuaRZuahdubBhubRhubxlucRluchpudBpudRtudxxteBxteh1tfB1tfR5tfx5sgB9sgiBshCBrhSFrhyFriCJqiiJqjCNpjSNpjyRpkCVokiVokyZnlSZnlydmmCdmmihlmylknSlknypjoCpjoitioyxhpSxgpi1gqC5fqS5eqy9erTBdrjBcsDFbsTJaszJatDNZtjRYtzVXuTVWujZVvDdUvThTvzlSwDpRwTpQwztPxDxOxj1Nxz5MyD9LykBKy0FJzEJIzkNHz0RG0EVF0kZE00dD1EhC1UpB10s/2Ew+2U092k4821A73VE63lI431M34FU24VY14lc041kz5Fox5Vww5l0v514u6GAt6WEr6mMq62Qp62Yo7Gcm7Wkl7mok72wj724h8G8g8XEf8XMd8nQc83Yb83gZ9HkY9XsX9X0V9n4U9oAT94IS94QQ+IUP+IcO+IkM+YsL+YwK+Y4J+pAI+pIH+pQH+5YG+5cG+5kG+5sG+50H/J8H/KEI/KMJ/KUK/KYM/KgN/KoP/KwR/K4S/LAU/LIW/LQY+7Ya+7gd+7of+7wh+74j+sAm+sIo+sQq+sYt+ccv+cky+cs1+M03+M8699E999NA9tVD9tdG9dlJ9dtM9N1P9N9T9OFW8+Na8+Vd8uZh8uhl8upp8ext8e1x8e918fF58vJ98vSC8/WG8/aK9PiO9fmS9vqW+Pua+fyd+v2h/P+k",
  plasma:
    "DQiHEAeIEweJFgeKGQaMGwaNHQaOIAaPIgaQJAaRJgWRKAWSKgWTLAWULgWVLwWWMQWXMwWXNQSYNwSZOASaOgSaPASbPgScPwScQQSdQwOeRAOeRgOfSAOfSQOgSwOhTAKhTgKiUAKiUQKjUwKjVQKkVgGkWAGkWQGlWwGlXAGmXgGmYAGmYQCnYwCnZACnZgCnZwCoaQCoagCobACobgCobwCocQCocgGodAGodQGodwGoeAGoegKoewKofQOofgOogASogQSngwWnhAWnhgamhwemiAimigmliwqljQuljgykjw2kkQ6jkg+jlBCilRGhlhOhmBSgmRWfmhafnBeenRidnhmdoBqcoRuboh2aox6apR+ZpiCYpyGXqCKWqiOVqySUrCaUrSeTriiSsCmRsSqQsiuPsyyOtC6NtS+MtjCLtzGKuDKJujOIuzSIvDWHvTeGvjiFvzmEwDqDwTuCwjyBwz2AxD5/xUB+xkF9x0J8yEN7yUR6ykV6y0Z5zEd4zEl3zUp2zkt1z0x00E1z0U5y0k9x01Fx1FJw1VNv1VRu1lVt11Zs2Fdr2Vhq2lpq2ltp21xo3F1n3V5m3l9l3mFk32Jj4GNj4WRi4mVh4mZg42hf5Gle5Wpd5Wtd5mxc525b529a6HBZ6XFY6XJX6nRX63VW63ZV7HdU7XlT7XpS7ntR73xR735Q8H9P8IBO8YFN8YNM8oRL84VL84dK9IhJ9IlI9YtH9YxG9o1F9o9E95BE95FD95NC+JRB+JVA+Zc/+Zg++Zo++ps9+pw8+p47+586+6E5+6I4/KM4/KU3/KY2/Kg1/Kk0/asz/awz/a4y/a8x/bEw/bIv/bQv/bUu/rct/rgs/ros/rsr/r0q/r4q/sAp/cIp/cMo/cUn/cYn/cgn/com/csm/M0l/M4l/NAl/NIl+9Mk+9Uk+9ck+tgk+tok+dwk+d0l+N8l+OEl9+Il9+Ql9uYm9ugm9ekm9esn9O0n8+4n8/An8vIn8fQm8fUl8Pck8Pkh",
  cividis:
    "ACJOACNPACRRACVTACVUACZWACdYAChZAChbACldACpfACphACtiACxkACxmAC1oAC5qAC5sAC9tADBvADBwADFwADFxATJxBTNxCDNwDDRwDzVwEjVwFDZwFjdwGDdvGjhvHDlvHjpvIDpvITtuIzxuJDxuJj1uJz5uKT9uKj9tK0BtLUFtLkFtL0JtMUNtMkNtM0RtNEVsNUVsNkZsOEdsOUhsOkhsO0lsPEpsPUpsPktsP0xsQExsQU1sQk5sQ05sRE9sRVBsRlFsR1FsSFJsSVNsSlNsS1RsTFVsTVVsTlZsT1dsUFdsUVhtUlltU1ptVFptVVttVVxtVlxtV11tWF5tWV5uWl9uW2BuXGFuXWFuXmJuXmNvX2NvYGRvYWVvYmVvY2ZwZGdwZWhwZWhwZmlwZ2pxaGpxaWtxamxxa21ybG1ybG5ybW9ybm9zb3BzcHFzcXJ0cnJ0cnN0c3R1dHR1dXV1dnZ2d3d2d3d3eHh3eXl3enp4e3p4fHt4fXx4fnx4fn14f354gH94gX94goB5g4F5hIJ5hYJ5hoN5h4R4iIV4iYV4ioZ4i4d4jIh4jYh4jol4j4p4kIt4kYt4kox4ko14k454lI53lY93lpB3l5F3mJJ3mZJ3mpN2m5R2nJV2nZV2npZ2n5d1oJh1oZl1opl1o5p0pJt0pZx0ppx0p51zqJ5zqZ9zqqBzq6ByrKFyraJyrqNxr6RxsKVxsaVws6ZwtKdvtahvtqlvt6luuKpuuattuqxtu61tvK5sva5svq9rv7BrwLFqwbJqwrNpw7NpxLRoxbVoxrZnx7dnyLhmyblly7llzLpkzbtjzrxjz71i0L5i0b9h0sBg08Bf1MFf1cJe1sNd18Rc2cVc2sZb28da3MhZ3chY3slY38pX4MtW4cxV4s1U5M5T5c9S5tBR59FQ6NJP6dNO6tNM69RL7dVK7tZJ79dI8NhG8dlF8tpE89tC9dxB9t0/994++N88+eA6++E4/OI2/eM0/uQ0/uU1/uY2/ug4",
};
