/** The digits service from JavaScript: in a page of any origin, in a worker, in Node 20 and newer. */

/** A split as URLs name it. */
export type Split = "mnist/train" | "mnist/test" | "mnist/all" | "digits/all" | (string & {});
export type ColourMap = "gray" | "viridis" | "magma" | "inferno" | "plasma" | "cividis";
export type Links = Record<string, string | null>;

export interface Waiting {
    /** Ends waiting for the answer. */
    signal?: AbortSignal;
}

/** Which samples, in which order. */
export interface Choice {
    /** Keep these classes only. */
    label?: number | number[];
    /** Keep the first so many of each class, in the order of `seed`. */
    per_class?: number;
    /** A stratified fold: number `fold` of `folds`, and which `part` of it. */
    fold?: number;
    folds?: number;
    part?: "train" | "holdout";
    /** Shuffle by order v1; without it, file order. */
    seed?: number | bigint | string;
    /** Pins the data: another revision is a Problem of status 409. */
    rev?: string;
}

export interface Look {
    /** Pixels of the picture per pixel of the sample, 1…32. */
    scale?: number;
    cmap?: ColourMap;
    invert?: boolean;
    /** No paper: the ink's intensity is its alpha. */
    transparent?: boolean;
    rev?: string;
}

export interface PictureOptions extends Look {
    type?: "png" | "webp" | "svg";
    /** Write the label under the digit (not in SVG). */
    caption?: boolean;
}

export interface SheetOptions extends Choice, Look {
    offset?: number;
    /** Samples on the sheet, 1…10,000. */
    limit?: number;
    /** Cells a row, 1…1,000. */
    columns?: number;
    /** Pixels between cells, 0…64. */
    gap?: number;
    /** Write each sample's label below it. */
    labels?: boolean;
}

export interface Row {
    index: number;
    label: number;
    pixels: number[];
}

export interface RowsPage {
    dataset: string;
    split: string;
    offset: number;
    limit: number;
    total: number;
    rev: string;
    columns: string[];
    rows: Row[];
    links: Links;
}

export interface Sample {
    dataset: string;
    split: string;
    index: number;
    label: number;
    name: string;
    rev: string;
    /** Raw intensities, `image[row][column]`. */
    image: number[][];
    links: Links;
}

export interface Neighbor {
    index: number;
    label: number;
    /** Euclidean, on raw pixels. */
    distance: number;
    links: Links;
}

export interface LabelStatistics {
    label: number;
    name: string;
    count: number;
    share: number;
    first_index: number | null;
    mean: number;
    std: number;
    nonzero: number;
    links: Links;
}

export interface Tile {
    position: number;
    index: number;
    label: number;
    x: number;
    y: number;
    width: number;
    height: number;
}

export interface SheetMap {
    dataset: string;
    split: string;
    rev: string;
    offset: number;
    limit: number;
    total: number;
    width: number;
    height: number;
    columns: number;
    rows: number;
    tiles: Tile[];
    links: Links;
}

export interface Point {
    index: number;
    label: number;
    x: number;
    y: number;
}

export interface Projection {
    dataset: string;
    split: string;
    rev: string;
    total: number;
    method: "pca";
    /** Share of the variance along x and along y. */
    explained: [number, number];
    points: Point[];
    links: Links;
}

/** The card of a split; the HTTP interface describes every field. */
export interface SplitCard {
    dataset: string;
    split: string;
    rev: string;
    count: number;
    shape: [number, number, number];
    range: [number, number];
    labels: Record<string, number>;
    digests: Record<string, string>;
    links: Links;
    [field: string]: unknown;
}

/** The card of a dataset; the HTTP interface describes every field. */
export interface DatasetCard {
    name: string;
    title: string;
    summary: string;
    description: string;
    rev: string;
    count: number;
    image_shape: [number, number];
    range: [number, number];
    classes: string[];
    splits: Record<string, SplitCard>;
    intended_uses: string[];
    limitations: string[];
    links: Links;
    [field: string]: unknown;
}

/** The answer of `/statistics`; the HTTP interface describes every field. */
export interface Statistics {
    dataset: string;
    split: string;
    rev: string;
    num_examples: number;
    statistics: {
        column_name: string;
        column_type: "class_label" | "int";
        column_statistics: Record<string, unknown>;
    }[];
    pixels: {
        raw: { mean: number; std: number };
        unit: { mean: number; std: number };
        nonzero: number;
        histogram: number[];
    };
    [field: string]: unknown;
}

export interface BatchOptions extends Waiting {
    batch_size?: number;
    world_size?: number;
    rank?: number;
    seed?: number | bigint | string;
    epoch?: number;
    shuffle?: boolean;
    /** Samples already consumed in this epoch: the `next` of the last batch. */
    start?: number;
    tail?: "partial" | "drop" | "pad";
    label?: number | number[];
    layout?: "flat" | "image" | "chw" | "hwc";
    scale?: "raw" | "unit" | "standard";
    rev?: string;
}

export interface Batch {
    /** Images one after the other: Uint8Array of raw values, Float32Array of scaled ones. */
    x: Uint8Array | Float32Array;
    shape: number[];
    y: Int32Array;
    index: Int32Array;
    /** Rows that are real; the others only fill up. */
    valid: number;
    start: number;
    /** Where to resume; null after the last batch. */
    next: number | null;
    /** Batches from `start` to the end of the epoch. */
    steps: number;
}

/** What the service refused (RFC 9457): `message` says why and what to do. */
export class Problem extends Error {
    constructor(body: Record<string, unknown>, status: number);
    status: number;
    type: string;
    title: string;
    errors: { in: string; name: string; reason: string }[];
}

export class Service {
    constructor(base: string | URL);
    readonly base: string;
    url(path: string, parameters?: Record<string, unknown>): string;
    fetch(url: string | URL, options?: Waiting): Promise<Response>;
    json(path: string, parameters?: Record<string, unknown>, options?: Waiting): Promise<any>;
    cards(options?: Waiting): Promise<DatasetCard[]>;
    card(dataset: string, options?: Waiting): Promise<DatasetCard>;
    rows(split: Split, options?: Choice & Waiting & { offset?: number; limit?: number }): Promise<RowsPage>;
    /** Raw pixels of samples, one after the other. */
    pixels(split: Split, offset?: number, limit?: number, options?: Choice & Waiting): Promise<Uint8Array>;
    sample(split: Split, index: number, options?: Waiting): Promise<Sample>;
    neighbors(split: Split, index: number, options?: Waiting & { k?: number }): Promise<Neighbor[]>;
    labels(split: Split, options?: Waiting): Promise<LabelStatistics[]>;
    statistics(split: Split, options?: Waiting): Promise<Statistics>;
    projection(split: Split, options?: Choice & Waiting & { offset?: number; limit?: number }): Promise<Projection>;
    grid(split: Split, options?: SheetOptions & Waiting): Promise<SheetMap>;
    gridUrl(split: Split, options?: SheetOptions & { type?: "png" | "webp" }): string;
    pictureUrl(split: Split, index: number, options?: PictureOptions): string;
    batches(split: Split, options?: BatchOptions): AsyncGenerator<Batch, void, undefined>;
}

/** The service at `base`; without it, the one that this module was loaded from. */
export function connect(base?: string | URL): Service;

export interface DrawOptions {
    scale?: number;
    cmap?: ColourMap;
    invert?: boolean;
    /** The largest raw value: 255 in mnist, 16 in digits. */
    peak?: number;
    /** Pixels a row; the root of their number unless given. */
    width?: number;
}

/** Draw one sample on a canvas, which takes its size. */
export function draw(
    canvas: HTMLCanvasElement | OffscreenCanvas,
    pixels: ArrayLike<number>,
    options?: DrawOptions,
): void;

/** The colours of raw values 0…peak as RGBA words of a canvas. */
export function palette(cmap?: ColourMap, options?: { invert?: boolean; peak?: number }): Uint32Array;

export interface NumericArray {
    data: Uint8Array | Float32Array | BigInt64Array;
    shape: number[];
}

/** The arrays of an NPZ file by name. */
export function archive(buffer: ArrayBuffer): Record<string, NumericArray>;

/** The array of an NPY file. */
export function array(buffer: ArrayBuffer): NumericArray;
