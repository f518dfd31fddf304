// A program that uses every name of the package; test_package.py compiles it, bundles it and runs it.
import {
    archive,
    array,
    connect,
    draw,
    encodePixels,
    palette,
    Problem,
    Service,
    type Batch,
    type DatasetCard,
    type EpochPlan,
    type PictureOptions,
    type Samples,
} from "digits-client";

export async function use(base: string): Promise<Record<string, unknown>> {
    const service: Service = connect(base, { retries: 2 });
    const cards: DatasetCard[] = await service.cards();
    const { licence, standard, loaders, feature_names }: DatasetCard = await service.card("digits");
    const licences: string = [licence.name, licence.url, licence.note].join(" ").trim();
    const shape: number[] = loaders[0].returns[0].shape;
    const { total, rows } = await service.rows("digits/all", { label: [3], seed: 7n, limit: 2 });
    const pixels: Uint8Array = await service.pixels("digits/all", 0, 2);
    const colours: Uint32Array = palette("viridis", { peak: 16 });
    const sample = await service.sample("digits/all", 0);
    const near = await service.neighbors("digits/all", 0, { k: 3 });
    const drawn = await service.neighborsOf("digits/all", pixels.slice(0, 64), { k: 3, rev: sample.rev });
    const labels = await service.labels("digits/all", { retries: 0 });
    const { pixels: statistics, statistics: columns } = await service.statistics("digits/all");
    const { points } = await service.projection("digits/all", { limit: 3 });
    const { tiles } = await service.grid("digits/all", { limit: 4 });
    const look: PictureOptions = { scale: 2, cmap: "magma", type: "webp" };
    const plan: EpochPlan = await service.plan("digits/all", { batch_size: 500 });
    const taken: Samples = await service.take("digits/all", new Set([5, 1]), { layout: "flat", scale: "unit" });
    const starts: (number | null)[] = [];
    for await (const batch of service.batches("digits/all", { batch_size: 500, steps: 2 })) {
        const { next, valid }: Batch = batch;
        starts.push(next, valid);
    }
    const answer: Response = await service.fetch(service.url("v1/datasets/digits/all.npz"));
    const members = archive(await answer.arrayBuffer());
    const page = await fetch(service.url("v1/datasets/digits/all/rows", { limit: 2, format: "npy" }));
    const raw = array(await page.arrayBuffer()).data;
    const { status } = await service.json("readyz");
    const refusal: unknown = await service.rows("digits/all", { limit: 0 }).catch((error: unknown) => error);
    if (typeof document !== "undefined") draw(document.createElement("canvas"), pixels.slice(0, 64), { peak: 16 });
    return {
        names: cards.map(({ name }) => name),
        licences,
        std: standard.std,
        shape,
        features: feature_names.length,
        total,
        rows: rows.map(({ index }) => index),
        pixels: pixels.length === raw.length,
        colours: colours.length,
        label: sample.label + sample.image[0][0],
        near: near.length,
        shared: service.neighborsUrl("digits/all", [1], { k: 3 }),
        drawn: [drawn.neighbors[0].index, drawn.votes["0"], encodePixels([1])],
        labels: labels.length,
        columns: columns.length,
        histogram: statistics.histogram.length,
        points: points.length,
        tiles: tiles.length,
        url: service.pictureUrl("digits/all", 1, look),
        sheet: service.gridUrl("digits/all", { limit: 1 }),
        plan: plan.epoch_steps,
        taken: [...taken.index],
        taken_shape: taken.shape,
        starts,
        members: Object.keys(members),
        status,
        refused: refusal instanceof Problem && refusal.errors[0].name,
    };
}
