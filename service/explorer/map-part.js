// What the service tells of samples on a map: their places, and their pictures on one sheet.

import { tinted } from "./marks.js";

const COLUMNS = 50; // samples a row of the sheet that they come in

/** The first `count` samples of a choice on a map of a kind: the answer of the service with its points, and `sheet`. */
export async function loadPart(service, { split, card, kind, parameters, count }, signal) {
  const query = { ...parameters, limit: count, rev: card.rev };
  const picture = service.gridUrl(split, { ...query, columns: COLUMNS, transparent: true });
  const [found, blob] = await Promise.all([
    service.projection(split, { ...query, kind, signal }),
    service.fetch(picture, { signal }).then((answer) => answer.blob()),
  ]);
  return { ...found, sheet: tinted(await createImageBitmap(blob), found.points, card.image_shape, COLUMNS) };
}
