// Samples in sheets: one picture for hundreds of them, and its map; the most recently seen ones are kept.

/** Samples on a sheet. */
export const SHEET = 500;

/** Samples a row of a sheet. */
export const COLUMNS = 25;
const KEPT = 48; // sheets; of MNIST 1.5 MB each once decoded

/** The sheets of one selection in one look. */
export class Sheets {
  /** `arrived(offset, indices)` is called when a sheet came, `failed(error)` when the service did not give it. */
  constructor(service, split, parameters, { arrived, failed }) {
    Object.assign(this, { service, split, parameters, arrived, failed });
    this.sheets = new Map();
  }

  /** The sample at a position, { image, x, y, width, height, index, label }; null until it is there. */
  at(position) {
    const sheet = this.sheets.get(Math.floor(position / SHEET));
    if (!sheet?.image) return null;
    const tile = sheet.tiles[position % SHEET];
    return tile ? { image: sheet.image, ...tile } : null;
  }

  /** See to it that the samples from `first` to `last` come; what else is under way is no longer wanted. */
  want(first, last) {
    const from = Math.floor(first / SHEET);
    const to = Math.floor(last / SHEET);
    for (const [number, sheet] of this.sheets) {
      if (!sheet.image && (number < from || number > to)) {
        sheet.ending.abort();
        this.sheets.delete(number);
      }
    }
    for (let number = from; number <= to; number++) {
      const kept = this.sheets.get(number);
      if (kept) {
        this.sheets.delete(number);
        this.sheets.set(number, kept);
      } else this.load(number);
    }
    for (const [number, sheet] of this.sheets) {
      if (this.sheets.size <= KEPT) break;
      sheet.image?.close();
      this.sheets.delete(number);
    }
  }

  async load(number) {
    const sheet = { ending: new AbortController() };
    this.sheets.set(number, sheet);
    const { signal } = sheet.ending;
    const query = { ...this.parameters, offset: number * SHEET, limit: SHEET, columns: COLUMNS };
    try {
      const [map, picture] = await Promise.all([
        this.service.grid(this.split, { ...query, signal }),
        this.service.fetch(this.service.gridUrl(this.split, query), { signal }).then((answer) => answer.blob()),
      ]);
      sheet.image = await createImageBitmap(picture, { colorSpaceConversion: "none" });
      sheet.tiles = map.tiles;
      const offset = number * SHEET;
      this.arrived(
        offset,
        map.tiles.map(({ index }) => index),
      );
    } catch (error) {
      if (this.sheets.get(number) === sheet) this.sheets.delete(number);
      if (!signal.aborted) this.failed(error);
    }
  }

  /** Let go of everything. */
  close() {
    for (const sheet of this.sheets.values()) {
      sheet.ending.abort();
      sheet.image?.close();
    }
    this.sheets.clear();
    this.arrived = this.failed = () => {};
  }
}
