/** The digits service from JavaScript: in a page of any origin, in a worker, in Node 20 and newer. */

/** A split as URLs name it. */
export type Split = "mnist/train" | "mnist/test" | "mnist/all" | "digits/all" | (string & {});
export type ColourMap = "gray" | "viridis" | "magma" | "inferno" | "plasma" | "cividis";
/** Path-absolute addresses by relation. */
export type Links = Record<string, string>;
/** The same of pages; null where there is none. */
export type PageLinks = Record<string, string | null>;

export interface Waiting {
    /** Ends waiting for the answer. */
    signal?: AbortSignal;
    /** How often the request is repeated that failed for a reason that passes; without it, as `connect` was told. */
    retries?: number;
}

/** Which samples. */
export interface Subset {
    /** Keep the indices A ≤ i < B, written "A:B", "A:" or ":B". */
    range?: string;
    /** Keep these classes only. */
    label?: number | number[];
    /** Keep the first so many of each class, in the order of `seed`. */
    per_class?: number;
    /** A stratified fold: number `fold` of `folds`, and which `part` of it. */
    fold?: number;
    folds?: number;
    part?: "train" | "holdout";
}

/** Which samples, in which order. */
export interface Choice extends Subset {
    /** Shuffle by order v1; without it, file order. */
    seed?: number | bigint | string;
    /** "oddest": those first that are least like their own class; not with `seed`. */
    order?: "file" | "oddest";
    /** Just these samples, in this order, repeats kept; not with other choices. */
    index?: number | number[];
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

export interface MapOptions extends Choice {
    offset?: number;
    /** Samples on the map, 1…10,000. */
    limit?: number;
    /** Principal components, or t-SNE. */
    kind?: "pca" | "tsne";
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
    links: PageLinks;
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

export interface DrawingNeighborOptions {
    /** Number of nearest samples, 1…100; 10 without it. */
    k?: number;
    /** Pins the data: another revision is a Problem of status 409. */
    rev?: string;
}

/** The samples nearest to a drawing. */
export interface DrawingNeighbors {
    dataset: string;
    split: string;
    rev: string;
    neighbors: Neighbor[];
    /** How many of the neighbours have each label, by the names of all classes. */
    votes: Record<string, number>;
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
    links: PageLinks;
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
    kind: "pca" | "tsne";
    /** The split that the axes were computed on. */
    fitted: string;
    /** Share of the variance along x and along y; null where the axes are no components. */
    explained: [number, number] | null;
    points: Point[];
    links: PageLinks;
}

/** A whole split as one file, and what to check a download against. */
export interface FileCard {
    url: string;
    media_type: string;
    /** Of the file, raw and flat; null where the libraries that encode it are not those of the release. */
    sha256: string | null;
}

/** The card of a split. */
export interface SplitCard {
    dataset: string;
    split: string;
    rev: string;
    count: number;
    /** Position of the split's first sample in `all`. */
    first: number;
    /** (n, height, width) */
    shape: [number, number, number];
    dtype: "uint8";
    /** Smallest and largest raw value. */
    range: [number, number];
    /** Number of samples of each class. */
    labels: Record<string, number>;
    /** SHA-256 of the arrays `images` and `labels`. */
    digests: Record<string, string>;
    /** By suffix. */
    files: Record<string, FileCard>;
    links: Links;
}

export interface Standardization {
    split: string;
    mean: number;
    std: number;
}

/** The terms a dataset is under, and where they are written. */
export interface Licence {
    name: string;
    url: string;
    note: string;
}

export interface Reference {
    title: string;
    url: string;
}

export interface Returned {
    name: string;
    shape: number[];
    dtype: string;
    range: [number, number] | null;
    meaning: string;
}

/** How a well-known library loads the same data, and what it returns. */
export interface Loader {
    library: string;
    call: string;
    returns: Returned[];
}

/** The card of a dataset: what a person asks before using it. */
export interface DatasetCard {
    name: string;
    title: string;
    summary: string;
    description: string;
    rev: string;
    digest: string;
    count: number;
    /** (height, width) in pixels. */
    image_shape: [number, number];
    dtype: "uint8";
    /** Smallest and largest raw value. */
    range: [number, number];
    /** How raw values become the grey of a picture. */
    picture: string;
    /** Names of the classes; label k is the k-th. */
    classes: string[];
    target_names: number[];
    feature_names: string[];
    splits: Record<string, SplitCard>;
    /** What `scale=standard` standardises by, on the unit scale. */
    standard: Standardization;
    intended_uses: string[];
    limitations: string[];
    licence: Licence;
    creators: string[];
    year: number;
    citation: string;
    sources: Reference[];
    loaders: Loader[];
    notes: string;
    links: Links;
}

export interface Moments {
    mean: number;
    std: number;
}

export interface LabelColumn {
    nan_count: number;
    n_unique: number;
    frequencies: Record<string, number>;
}

export interface PixelColumn {
    nan_count: number;
    min: number;
    max: number;
    mean: number;
    std: number;
    /** Share of samples in which the pixel is not zero. */
    nonzero: number;
}

export interface Column {
    column_name: string;
    column_type: "class_label" | "int";
    column_statistics: LabelColumn | PixelColumn;
}

export interface PixelStatistics {
    raw: Moments;
    unit: Moments;
    nonzero: number;
    /** How often each raw value 0…peak occurs. */
    histogram: number[];
}

/** The answer of `/statistics`. */
export interface Statistics {
    dataset: string;
    split: string;
    rev: string;
    num_examples: number;
    statistics: Column[];
    partial: boolean;
    pixels: PixelStatistics;
    links: Links;
}

/** How an epoch is divided into batches. */
export interface EpochOptions extends Subset, Waiting {
    batch_size?: number;
    world_size?: number;
    rank?: number;
    seed?: number | bigint | string;
    epoch?: number;
    shuffle?: boolean;
    /** Classes take turns, and the epoch ends with the smallest one. */
    balanced?: boolean;
    /** Samples already consumed in this epoch: the `next` of the last batch. */
    start?: number;
    /** Take every n-th step from `start` on: for n workers of one rank. */
    stride?: number;
    tail?: "partial" | "drop" | "pad";
    rev?: string;
}

export interface Encoding {
    /** Shape of a sample: (h·w), (h, w), (1, h, w) or (h, w, 1). */
    layout?: "flat" | "image" | "chw" | "hwc";
    /** Raw values, 0…1, or of mean 0 and deviation 1. */
    scale?: "raw" | "unit" | "standard";
}

export interface BatchOptions extends EpochOptions, Encoding {
    /** How many batches to give, at least 1; without it, all to the end of the epoch. */
    steps?: number;
}

export interface TakeOptions extends Encoding, Waiting {
    rev?: string;
}

/** What an epoch is; no data. */
export interface EpochPlan {
    epoch_samples: number;
    global_batch: number;
    /** Batches from `start` to the end of the epoch, of those that `stride` takes. */
    epoch_steps: number;
    dropped: number;
    padded: number;
    rows_per_rank: number[];
}

/** Samples as arrays. */
export interface Samples {
    /** Images one after the other: Uint8Array of raw values, Float32Array of scaled ones. */
    x: Uint8Array | Float32Array;
    shape: number[];
    y: Int32Array;
    index: Int32Array;
}

export interface Batch extends Samples {
    /** Rows that are real; the others only fill up. */
    valid: number;
    start: number;
    /** Where to resume; null after the last batch. */
    next: number | null;
    /** Batches from `start` to the end of the epoch, of those that `stride` takes. */
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

export interface ServiceOptions {
    /** How often a request is repeated after a lost connection or status 408, 425, 429 and 5xx; 4 without it. */
    retries?: number;
    /** The key that the operator of the service gave out; requests to its address carry it. A picture by `src` does not. */
    key?: string;
}

export class Service {
    constructor(base: string | URL, options?: ServiceOptions);
    readonly base: string;
    readonly retries: number;
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
    /** The nearest samples of a drawing: h·w raw pixels, row by row. */
    neighborsOf(
        split: Split,
        pixels: ArrayLike<number>,
        options?: DrawingNeighborOptions & Waiting,
    ): Promise<DrawingNeighbors>;
    neighborsUrl(split: Split, pixels: ArrayLike<number>, options?: DrawingNeighborOptions): string;
    labels(split: Split, options?: Waiting): Promise<LabelStatistics[]>;
    statistics(split: Split, options?: Waiting): Promise<Statistics>;
    projection(split: Split, options?: MapOptions & Waiting): Promise<Projection>;
    grid(split: Split, options?: SheetOptions & Waiting): Promise<SheetMap>;
    gridUrl(split: Split, options?: SheetOptions & { type?: "png" | "webp" }): string;
    pictureUrl(split: Split, index: number, options?: PictureOptions): string;
    /** The samples at any indices, in that order, repeats kept; at most 10,000. */
    take(split: Split, indices: Iterable<number>, options?: TakeOptions): Promise<Samples>;
    plan(split: Split, options?: EpochOptions): Promise<EpochPlan>;
    batches(split: Split, options?: BatchOptions): AsyncGenerator<Batch, void, undefined>;
}

/** The service at `base`, which may be relative to the page; without it, the one that this module was loaded from. */
export function connect(base?: string | URL, options?: ServiceOptions): Service;

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

/** Raw pixels of a drawing as the parameter `pixels`: base64url without padding. */
export function encodePixels(pixels: ArrayLike<number>): string;

export interface NumericArray {
    data: Uint8Array | Float32Array | BigInt64Array;
    shape: number[];
}

/** The arrays of an NPZ file by name. */
export function archive(buffer: ArrayBuffer): Record<string, NumericArray>;

/** The array of an NPY file. */
export function array(buffer: ArrayBuffer): NumericArray;
