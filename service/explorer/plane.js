// The plane of the map: where points stand on the stage, and which of them is near. Pure: numbers only.
//
// A view is { scale, x, y }: the enlargement, and how far the map is moved, in CSS pixels. A frame is { width, height,
// bounds }: the stage in CSS pixels, and the rectangle around all points.

const FILLED = 0.9; // share of the stage that the whole map takes
const SCALES = [0.5, 40];

export const WHOLE = Object.freeze({ scale: 1, x: 0, y: 0 });

/** The centre and the size of the smallest rectangle around points. */
export function boundsOf(points) {
  const range = (values) => [Math.min(...values), Math.max(...values)];
  const [left, right] = range(points.map(({ x }) => x));
  const [low, high] = range(points.map(({ y }) => y));
  return { x: (left + right) / 2, y: (low + high) / 2, width: right - left, height: high - low };
}

/** Where a point stands on the stage. */
export function place({ x, y }, view, { width, height, bounds }) {
  const unit = FILLED * Math.min(width / (bounds.width || 1), height / (bounds.height || 1)) * view.scale;
  return { x: width / 2 + (x - bounds.x) * unit + view.x, y: height / 2 - (y - bounds.y) * unit + view.y };
}

/**
 * The spots of a map by index, { point, at, position }: of the points of a selection, each at its position in it, and
 * of their companions, which have none (-1).
 */
export function spotsOf(points, companions, view, frame) {
  const spot = (point, position) => [point.index, { point, at: place(point, view, frame), position }];
  const spots = new Map(points.map(spot));
  for (const point of companions) if (!spots.has(point.index)) spots.set(...spot(point, -1));
  return spots;
}

/** The view enlarged by a factor, such that what is at a place of the stage stays there. */
export function enlarge(view, by, at, { width, height }) {
  const scale = Math.min(SCALES[1], Math.max(SCALES[0], view.scale * by));
  const factor = scale / view.scale;
  const [x, y] = [at.x - width / 2, at.y - height / 2];
  return { scale, x: (view.x - x) * factor + x, y: (view.y - y) * factor + y };
}

/** The view moved by no more than is needed for a place of the stage to come as far as `margin` inside it. */
export function reveal(view, at, { width, height }, margin) {
  const shift = (value, size) => Math.max(0, margin - value) + Math.min(0, size - margin - value);
  return { ...view, x: view.x + shift(at.x, width), y: view.y + shift(at.y, height) };
}

/** The position of the place nearest to a point of the stage, within `reach`; -1 where there is none. */
export function nearest(places, { x, y }, reach) {
  let best = -1;
  let least = reach ** 2;
  places.forEach((one, position) => {
    const distance = (one.x - x) ** 2 + (one.y - y) ** 2;
    if (distance <= least) [best, least] = [position, distance];
  });
  return best;
}

/** Whether a place is inside a loop of places, which need not be closed: by the even-odd rule. */
export function isInside(loop, { x, y }) {
  let inside = false;
  loop.forEach((one, at) => {
    const other = loop[(at || loop.length) - 1];
    const crosses = one.y > y !== other.y > y;
    if (crosses && x < one.x + ((y - one.y) / (other.y - one.y)) * (other.x - one.x)) inside = !inside;
  });
  return inside;
}

/** The positions of the places inside a loop. */
export const enclosed = (places, loop) => places.flatMap((one, position) => (isInside(loop, one) ? [position] : []));

const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Whether a key is a direction. */
export const isDirection = (key) => Object.hasOwn(DIRECTIONS, key);

/** How far a direction key moves the map, in CSS pixels: against what one wants to see. */
export const panBy = (key, distance) => ({ x: -DIRECTIONS[key][0] * distance, y: -DIRECTIONS[key][1] * distance });

/** The position of the nearest place in a direction, within 45° of it; `from` itself if there is none. */
export function towards(places, from, key) {
  const [across, down] = DIRECTIONS[key];
  const start = places[from];
  let best = from;
  let least = Infinity;
  places.forEach((one, position) => {
    const [x, y] = [one.x - start.x, one.y - start.y];
    const ahead = x * across + y * down;
    const beside = Math.abs(x * down) + Math.abs(y * across);
    const distance = x * x + y * y;
    if (ahead > 0 && beside <= ahead && distance < least) [best, least] = [position, distance];
  });
  return best;
}
