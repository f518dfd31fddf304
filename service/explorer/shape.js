// The shape of the contact sheet: where each sample stands. Knows numbers, no page.

const TARGET = { s: 32, m: 56, l: 112 }; // CSS pixels of a sample, rounded to a whole multiple of its own
const GAP = { s: 6, m: 12, l: 20 };
const CAPTION = { s: 0, m: 16, l: 20 };
const TOP = 4; // room for the frame of the first row

/** Samples of `image` pixels ([height, width]) in rows that fill `width` between margins. */
export function shapeOf({ total, image: [tall, wide], size, width, margin }) {
  const scale = Math.max(1, Math.round(TARGET[size] / wide));
  const tile = { width: wide * scale, height: tall * scale };
  const caption = CAPTION[size];
  const room = width - 2 * margin;
  const columns = Math.max(1, Math.floor((room + GAP[size]) / (tile.width + GAP[size])));
  const across = columns > 1 ? (room - tile.width) / (columns - 1) : room;
  const down = tile.height + caption + GAP[size];
  return {
    tile,
    caption,
    columns,
    down,
    top: TOP,
    height: 2 * TOP + Math.ceil(total / columns) * down,

    /** The corner of the sample at a position. */
    place: (at) => ({ x: Math.round(margin + (at % columns) * across), y: TOP + Math.floor(at / columns) * down }),

    /** The positions that are in view, the last one excluded. */
    within(top, height) {
      const from = Math.max(0, Math.floor((top - TOP) / down)) * columns;
      return [from, Math.min(total, from + (Math.ceil(height / down) + 1) * columns)];
    },

    /** The position at a point; -1 where there is none. */
    at(x, y) {
      const column = Math.floor((x - margin) / across);
      const row = Math.floor((y - TOP) / down);
      const beside = x - margin - column * across > tile.width || y - TOP - row * down > tile.height + caption;
      const at = row * columns + column;
      return column < 0 || column >= columns || row < 0 || beside || at >= total ? -1 : at;
    },
  };
}
