// A program that uses the types of the module; test_client.py compiles it.
import { connect, draw, palette, Problem, Service, type Batch, type Sample, type Subset } from "./client.js";
const service: Service = connect(new URL("https://digits.example"));
const pixels: Uint8Array = await service.pixels("mnist/train", 0, 10, { label: [1, 2], seed: 7n });
draw(document.createElement("canvas"), pixels, { scale: 4, cmap: "plasma", invert: true });
const words: Uint32Array = palette("magma", { peak: 16 });
for await (const batch of service.batches("digits/all", { scale: "unit", layout: "chw" })) {
    const { x, next }: Batch = batch;
    x.length + (next ?? 0) + words.length;
}
const validation: Subset = { range: "50000:", fold: 0, folds: 5, part: "holdout", per_class: 3 };
for await (const { steps } of service.batches("mnist/train", { ...validation, balanced: true, stride: 4 })) {
    steps.toFixed();
}
await service.rows("mnist/train", validation);
const sample: Sample = await service.sample("digits/all", 3);
const names: string[] = (await service.cards()).map((card) => card.name + sample.image[0][0]);
const url: string = service.gridUrl("mnist/all", { transparent: true, type: "webp" });
try {
    await service.statistics("mnist/test");
} catch (error) {
    if (error instanceof Problem) throw error.errors[0].reason;
}
// @ts-expect-error: no such colour map
service.pictureUrl("mnist/train", 1, { cmap: "jet" });
// @ts-expect-error: a range is text
service.gridUrl("mnist/train", { range: [0, 10] });
// @ts-expect-error: rows are not balanced
service.rows("mnist/train", { balanced: true });
export { names, url };
