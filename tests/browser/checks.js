// What the module is asked for wherever it runs; test_client.py holds the answers against the service.
async function check({ connect, Problem }, base) {
  const service = connect(base);
  const cards = await service.cards();
  const page = await service.rows("mnist/test", { label: [3, 5], seed: 2, limit: 3 });
  const pixels = await service.pixels("digits/all", 5, 2);
  const labels = await service.labels("mnist/train");
  const near = await service.neighbors("mnist/test", 0, { k: 2 });
  const drawn = await service.neighborsOf("digits/all", pixels.slice(0, 64), { k: 3 });
  const unfit = await service.neighborsOf("digits/all", [0.5]).catch((error) => error.message);
  const sheet = await service.grid("mnist/test", { limit: 4, columns: 2 });
  const map = await service.projection("digits/all", { limit: 2 });
  const problem = await service.rows("mnist/test", { limit: 0 }).catch((error) => error);
  const seen = [],
    starts = [];
  let first = null;
  for await (const batch of service.batches("digits/all", { batch_size: 500, seed: 9, scale: "unit", label: [1, 2] })) {
    first ??= {
      shape: batch.shape,
      x: [...batch.x.slice(0, 64)],
      y: batch.y[0],
      index: batch.index[0],
      steps: batch.steps,
    };
    seen.push(...batch.index);
    starts.push([batch.start, batch.next, batch.valid]);
  }
  let resumed = 0;
  for await (const { y } of service.batches("digits/all", { batch_size: 500, seed: 9, start: 1500 }))
    resumed += y.length;
  const stop = new AbortController();
  let stopped = "";
  try {
    for await (const _ of service.batches("mnist/train", { signal: stop.signal })) stop.abort();
  } catch (error) {
    stopped = error.name;
  }
  let left = 0;
  for await (const _ of service.batches("mnist/train", { batch_size: 8 })) if (++left === 3) break;
  return {
    cards: cards.map(({ name }) => name),
    rows: page.rows.map(({ index }) => index),
    kind: pixels.constructor.name,
    pixels: [...pixels],
    labels: labels.map(({ count }) => count),
    near: near.map(({ index }) => index),
    drawn: { near: drawn.neighbors.map(({ index }) => index), votes: drawn.votes },
    unfit,
    tiles: sheet.tiles.length,
    points: map.points.length,
    first,
    seen,
    starts,
    resumed,
    left,
    stopped,
    problem: {
      known: problem instanceof Problem,
      status: problem.status,
      name: problem.errors[0].name,
      message: problem.message,
    },
    urls: [
      service.pictureUrl("mnist/train", 3, { scale: 2 }),
      service.gridUrl("mnist/test", { label: [1, 2], type: "webp" }),
      service.neighborsUrl("digits/all", [0, 255, 62, 63], { k: 2 }),
    ],
  };
}
