// Calls every kind of operation with openapi-fetch and the types of openapi-typescript, and prints the facts that it got.
import { createHash } from "node:crypto";
import createClient from "openapi-fetch";
import type { components, paths } from "./generated/schema.js";

const baseUrl = process.argv[2]!;
const client = createClient<paths, "application/json" | "application/problem+json">({ baseUrl });
const raw = createClient<paths>({ baseUrl }); // answers of any media type, typed by parseAs
const mnist = { dataset: "mnist", split: "test" } as const;
const all = { dataset: "digits", split: "all" } as const;
const facts: Record<string, unknown> = {};

function fine<T>({ data, error }: { data?: T; error?: components["schemas"]["Problem"] }): T {
  if (data === undefined) throw new Error(error?.detail);
  return data;
}

function sha256(bytes: ArrayBuffer): string {
  return createHash("sha256").update(new Uint8Array(bytes)).digest("hex");
}

async function describe(): Promise<void> {
  facts.datasets = fine(await client.GET("/v1/datasets")).datasets.map((card) => card.name);
  const card = fine(await client.GET("/v1/datasets/{dataset}", { params: { path: mnist } }));
  facts.image_shape = card.image_shape;
  facts.standard_mean = card.standard.mean;
  facts.split_count = fine(await client.GET("/v1/datasets/{dataset}/{split}", { params: { path: mnist } })).count;
  const labels = fine(await client.GET("/v1/datasets/{dataset}/{split}/labels", { params: { path: mnist } }));
  facts.label_counts = labels.labels.map((label) => label.count);
  const statistics = fine(await client.GET("/v1/datasets/{dataset}/{split}/statistics", { params: { path: all } }));
  facts.unit_mean = statistics.pixels.unit.mean;
  facts.columns = statistics.statistics
    .slice(0, 2)
    .map((column) => ("n_unique" in column.column_statistics ? "LabelColumn" : "PixelColumn"));
  const map = await client.GET("/v1/datasets/{dataset}/{split}/projection", { params: { path: all, query: { limit: 1 } } });
  facts.point_x = fine(map).points[0]!.x;
}

async function readRows(): Promise<void> {
  const path = "/v1/datasets/{dataset}/{split}/rows";
  const page = fine(await client.GET(path, { params: { path: all, query: { label: [3], limit: 2, seed: 7 } } }));
  const row = page.rows[0]!;
  facts.row_index = row.index;
  facts.row_label = row.label;
  facts.row_pixels = row.pixels.reduce((sum, value) => sum + value, 0);
  for (const format of ["npz", "parquet"] as const) {
    const params = { path: all, query: { limit: 5, format } };
    facts[`rows_${format}`] = sha256(fine(await raw.GET(path, { params, parseAs: "arrayBuffer" })));
  }
  facts.rows_csv = fine(await raw.GET(path, { params: { path: all, query: { limit: 5, format: "csv" } }, parseAs: "text" }));
  const take = "/v1/datasets/{dataset}/{split}/take";
  const wanted = { indices: [2, 0, 2] };
  const taken = fine(await client.POST(take, { params: { path: all }, body: wanted }));
  facts.taken = taken.rows.map(({ index }) => index);
  const octets = await client.POST(take, {
    params: { path: all },
    headers: { "Content-Type": "application/octet-stream" },
    body: wanted,
    bodySerializer: () => new Uint8Array(new BigInt64Array(wanted.indices.map(BigInt)).buffer),
  });
  facts.taken_octets = fine(octets).rows.map(({ index }) => index);
}

async function draw(): Promise<void> {
  const sample = { ...mnist, index: 0 };
  const root = "/v1/datasets/{dataset}/{split}";
  facts.sample_label = fine(await client.GET(`${root}/samples/{index}`, { params: { path: sample } })).label;
  const near = await client.GET(`${root}/samples/{index}/neighbors`, { params: { path: { ...all, index: 0 }, query: { k: 3 } } });
  facts.neighbors = fine(near).neighbors.map(({ index }) => index);
  const png = { params: { path: sample, query: { scale: 2 } }, parseAs: "arrayBuffer" } as const;
  facts.png = sha256(fine(await raw.GET(`${root}/samples/{index}.png`, png)));
  facts.svg = fine(await raw.GET(`${root}/samples/{index}.svg`, { params: { path: sample }, parseAs: "text" }));
  const grid = { params: { path: all, query: { limit: 4 } } } as const;
  facts.grid = sha256(fine(await raw.GET(`${root}/grid.png`, { ...grid, parseAs: "arrayBuffer" })));
  facts.grid_map = fine(await client.GET(`${root}/grid.json`, grid)).tiles.map(({ index }) => index);
  const mean = { params: { path: { ...all, label: 3 } }, parseAs: "arrayBuffer" } as const;
  facts.label_mean = sha256(fine(await raw.GET(`${root}/labels/{label}/mean.png`, mean)));
}

async function train(): Promise<void> {
  const root = "/v1/datasets/{dataset}/{split}";
  const largest = "18446744073709551615" as unknown as number; // numbers are exact to 2^53 only
  const query = { format: "json", batch_size: 2 } as const;
  const chw = { path: all, query: { ...query, layout: "chw", seed: largest } } as const;
  const page = fine(await client.GET(`${root}/batches`, { params: chw }));
  const row = page.rows[0]! as components["schemas"]["ChannelRow"];
  facts.batch_indices = page.rows.map(({ index }) => index);
  facts.batch_shape = [row.pixels.length, row.pixels[0]!.length, row.pixels[0]![0]!.length];
  const flat = fine(await client.GET(`${root}/batches`, { params: { path: all, query: { ...query, layout: "flat" } } }));
  facts.batch_pixels = (flat.rows[0]! as components["schemas"]["Row"]).pixels.reduce((sum, value) => sum + value, 0);
  const npz = { params: { path: all, query: { ...query, format: "npz" } }, parseAs: "arrayBuffer" } as const;
  facts.batch_npz = sha256(fine(await raw.GET(`${root}/batches`, npz)));
  const plan = { path: mnist, query: { batch_size: 64 } };
  facts.plan = fine(await client.GET(`${root}/batches/plan`, { params: plan })).epoch_steps;
  for (const [name, seed] of [["order", 0], ["order_33_bits", 5_000_000_000], ["order_64_bits", largest]] as const) {
    facts[name] = fine(await client.GET(`${root}/order`, { params: { path: all, query: { seed } } })).order.slice(0, 10);
  }
}

async function download(): Promise<void> {
  const path = "/v1/datasets/{dataset}/{split}.{suffix}";
  const file = { ...all, suffix: "npz" } as const;
  facts.file = sha256(fine(await raw.GET(path, { params: { path: file }, parseAs: "arrayBuffer" })));
  const { response } = await raw.HEAD(path, { params: { path: file } });
  facts.file_size = Number(response.headers.get("Content-Length"));
  const part = { params: { path: file, header: { Range: "bytes=0-3" } }, parseAs: "arrayBuffer" } as const;
  facts.file_part = Buffer.from(fine(await raw.GET(path, part))).toString("hex");
  const absent = { params: { path: { ...mnist, index: 999_999 } } };
  const { error } = await client.GET("/v1/datasets/{dataset}/{split}/samples/{index}", absent);
  facts.problem = error && [error.type, String(error.status)];
}

for (const part of [describe, readRows, draw, train, download]) await part();
console.log(JSON.stringify(facts));
