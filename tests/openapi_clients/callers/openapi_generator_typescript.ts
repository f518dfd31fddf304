// Calls every kind of operation with openapi-generator's TypeScript client, and prints the facts that it got.
import { createHash } from "node:crypto";
import * as digits from "./generated/index.js";

const configuration = new digits.Configuration({ basePath: process.argv[2]! });
const { DatasetName, SplitName } = digits;
const mnist = { dataset: DatasetName.Mnist, split: SplitName.Test };
const all = { dataset: DatasetName.Digits, split: SplitName.All };
const facts: Record<string, unknown> = {};

function sha256(bytes: ArrayBuffer): string {
  return createHash("sha256").update(new Uint8Array(bytes)).digest("hex");
}

async function describe(): Promise<void> {
  const cards = new digits.CardsApi(configuration);
  facts.datasets = (await cards.listDatasets()).datasets.map((card) => card.name);
  const card = await cards.getDataset(mnist);
  facts.image_shape = card.imageShape;
  facts.standard_mean = card.standard.mean;
  facts.split_count = (await cards.getSplit(mnist)).count;
  const labels = await new digits.LabelsApi(configuration).getLabels(mnist);
  facts.label_counts = labels.labels.map((label) => label.count);
  const statistics = await new digits.StatisticsApi(configuration).getStatistics(all);
  facts.unit_mean = statistics.pixels.unit.mean;
  facts.columns = statistics.statistics
    .slice(0, 2)
    .map(({ columnStatistics }) => (digits.instanceOfLabelColumn(columnStatistics) ? "LabelColumn" : "PixelColumn"));
  facts.point_x = (await new digits.ProjectionApi(configuration).getProjection({ ...all, limit: 1 })).points[0]!.x;
}

async function readRows(): Promise<void> {
  const api = new digits.RowsApi(configuration);
  const page = await api.getRows({ ...all, label: [digits.Label.LABEL_3], limit: 2, seed: 7 });
  const row: digits.Row = page.rows[0]!;
  facts.row_index = row.index;
  facts.row_label = row.label;
  facts.row_pixels = row.pixels.reduce((sum, value) => sum + value, 0);
  for (const format of [digits.RowFormat.Npz, digits.RowFormat.Parquet]) {
    const { raw } = await api.getRowsRaw({ ...all, limit: 5, format });
    facts[`rows_${format}`] = sha256(await raw.arrayBuffer());
  }
  facts.rows_csv = await (await api.getRowsRaw({ ...all, limit: 5, format: digits.RowFormat.Csv })).raw.text();
  const wanted = [2, 0, 2];
  const indices = { indices: wanted };
  facts.taken = (await api.takeRows({ ...all, indices })).rows.map(({ index }) => index);
  const octets = await api.takeRows({ ...all, indices }, async () => ({
    body: new Blob([new BigInt64Array(wanted.map(BigInt))]),
    headers: { "Content-Type": "application/octet-stream" },
  }));
  facts.taken_octets = octets.rows.map(({ index }) => index);
}

async function draw(): Promise<void> {
  const samples = new digits.SamplesApi(configuration);
  facts.sample_label = (await samples.getSample({ ...mnist, index: 0 })).label;
  facts.neighbors = (await samples.getNeighbors({ ...all, index: 0, k: 3 })).neighbors.map(({ index }) => index);
  const pictures = new digits.PicturesApi(configuration);
  const png: Blob = await pictures.getSamplePng({ ...mnist, index: 0, scale: 2 });
  facts.png = sha256(await png.arrayBuffer());
  const svg: string = await pictures.getSampleSvg({ ...mnist, index: 0 });
  facts.svg = svg;
  const grids = new digits.GridsApi(configuration);
  facts.grid = sha256(await (await grids.getGridPng({ ...all, limit: 4 })).arrayBuffer());
  facts.grid_map = (await grids.getGridMap({ ...all, limit: 4 })).tiles.map(({ index }) => index);
  const mean = await new digits.LabelsApi(configuration).getLabelMeanPng({ ...all, label: digits.Label.LABEL_3 });
  facts.label_mean = sha256(await mean.arrayBuffer());
}

async function train(): Promise<void> {
  const api = new digits.BatchesApi(configuration);
  const format = digits.BatchFormat.BATCH_JSON;
  const largest = "18446744073709551615" as unknown as number; // numbers are exact to 2^53 only
  const page = await api.getBatches({ ...all, format, batchSize: 2, layout: digits.BatchLayout.BATCH_CHW, seed: largest });
  const row = page.rows[0]! as digits.ChannelRow;
  facts.batch_indices = page.rows.map(({ index }) => index);
  facts.batch_shape = [row.pixels.length, row.pixels[0]!.length, row.pixels[0]![0]!.length];
  const flat = await api.getBatches({ ...all, format, batchSize: 2, layout: digits.BatchLayout.BATCH_FLAT });
  facts.batch_pixels = (flat.rows[0]! as digits.Row).pixels.reduce((sum, value) => sum + value, 0);
  const npz = await api.getBatchesRaw({ ...all, format: digits.BatchFormat.BATCH_NPZ, batchSize: 2 });
  facts.batch_npz = sha256(await npz.raw.arrayBuffer());
  facts.plan = (await api.getEpochPlan({ ...mnist, batchSize: 64 })).epochSteps;
  facts.order = (await api.getEpochOrder(all)).order.slice(0, 10);
  facts.order_33_bits = (await api.getEpochOrder({ ...all, seed: 5_000_000_000 })).order.slice(0, 10);
  facts.order_64_bits = (await api.getEpochOrder({ ...all, seed: largest })).order.slice(0, 10);
}

async function download(): Promise<void> {
  const api = new digits.DownloadsApi(configuration);
  const file = { ...all, suffix: digits.FileSuffix.FILE_NPZ };
  const bytes: Blob = await api.downloadSplit(file);
  facts.file = sha256(await bytes.arrayBuffer());
  facts.file_size = Number((await api.headSplitRaw(file)).raw.headers.get("Content-Length"));
  const part = await api.downloadSplit({ ...file, range2: "bytes=0-3" });
  facts.file_part = Buffer.from(await part.arrayBuffer()).toString("hex");
  try {
    await new digits.SamplesApi(configuration).getSample({ ...mnist, index: 999_999 });
  } catch (error) {
    if (!(error instanceof digits.ResponseError)) throw error;
    const problem = digits.ProblemFromJSON(await error.response.json());
    facts.problem = [problem.type, String(problem.status)];
  }
}

for (const part of [describe, readRows, draw, train, download]) await part();
console.log(JSON.stringify(facts));
