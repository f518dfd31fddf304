// The active sample: where it stands in the selection, and whether it is open. Pure: a key, a click or a scroll makes
// the next cursor of the present one, and nothing else on the page decides about the position.
//
// A cursor is { count, position, open, wanted, outside }: `position` is 0…count-1 in the selection; `open` whether the
// panel shows the sample. `wanted` is the index of an open sample whose position is not known yet, else null;
// `outside` whether it turned out that the selection does not contain it.

const within = (position, count) => Math.max(0, Math.min(count - 1, position));

const cursor = (one, patch) => Object.freeze({ ...one, ...patch });

/** The cursor of `count` samples at a position, with the sample of an index open if one is given. */
export function start({ count, at = 0, sample = null, plain = false }) {
  const closed = cursor({ count, position: within(at, count), open: false, wanted: null, outside: false });
  return sample === null ? closed : seek(closed, sample, { plain });
}

/** Open the sample of an index. In a plain selection its position is its index; else it has to be located. */
export function seek(one, sample, { plain }) {
  if (plain && sample < one.count) return pick(one, sample);
  return cursor(one, { open: true, wanted: sample, outside: false });
}

/** The wanted sample was found at a position; -1 says that the selection does not contain it. */
export function locate(one, position) {
  return position < 0 ? cursor(one, { outside: true }) : pick(one, position);
}

/** Open the sample at a position. */
export const pick = (one, position) => cursor(move(one, position), { open: true });

/** Make the sample at a position the active one; what is open stays open, and follows. */
export const move = (one, position) =>
  cursor(one, { position: within(position, one.count), wanted: null, outside: false });

/** Close the sample; its place stays the active one. */
export const close = (one) => cursor(one, { open: false, wanted: null, outside: false });

/** Go by so many samples. */
export const step = (one, by) => move(one, one.position + by);

const MOVES = {
  ArrowLeft: (at) => at - 1,
  ArrowRight: (at) => at + 1,
  ArrowUp: (at, { columns }) => (at >= columns ? at - columns : at),
  ArrowDown: (at, { columns, count }) => (at + columns < count ? at + columns : at),
  PageUp: (at, { columns, rows }) => Math.max(at % columns, at - columns * rows),
  PageDown: (at, { columns, rows, count }) => {
    const down = Math.min(rows, Math.floor((count - 1 - at) / columns));
    return at + columns * down;
  },
  Home: () => 0,
  End: (_, { count }) => count - 1,
};

/** Whether a key moves or opens. */
export const takes = (key) => Object.hasOwn(MOVES, key) || key === "Enter" || key === " ";

/** What a key does on a sheet of so many columns, of which so many rows are in view. */
export function press(one, key, { columns, rows }) {
  if (key === "Enter" || key === " ") return one.outside || one.wanted !== null ? one : pick(one, one.position);
  return move(one, MOVES[key](one.position, { columns, rows: Math.max(1, rows), count: one.count }));
}

/**
 * Scrolling ended with the positions from `from` to `to` in view, the last one excluded. An open sample stays the
 * active one wherever it is; else the active one is in view, so that keys go on where one looks.
 */
export function rest(one, { from, to, columns }) {
  if (one.open || (one.position >= from && one.position < to)) return one;
  return move(one, from === 0 ? 0 : from + columns);
}
