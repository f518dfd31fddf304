// Code that fetches exactly what is being looked at, ready to be pasted.

const PAGE = 10_000; // rows a page in binary formats
const TEXT_PAGE = 1_000; // rows a page in text formats

/** The tools that snippets are made for. */
export const TOOLS = ["curl", "pandas", "NumPy", "Keras", "torch"];

/**
 * Snippets by tool. `what` is { split, parameters, total, drawn, rev, image: [height, width], peak }: `total` samples
 * of a split, which are all that the parameters of `rows` choose, or the first of them if they are `drawn`.
 */
export function snippets(service, what) {
  const [height, width] = what.image;
  const all = arrays(service, what);
  const network = `model = keras.Sequential([
    keras.Input(x.shape[1:]), keras.layers.Flatten(),
    keras.layers.Dense(128, "relu"), keras.layers.Dense(10, "softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
model.fit(x, y)`;
  return {
    curl: curl(service, what),
    pandas: `import pandas as pd

${frame(service, what)}
x, y = frame.filter(like="pixel_"), frame["label"]`,
    NumPy: `import io
import urllib.request

import numpy as np

${all({})}
# uint8 (${what.total}, ${height * width}) 0…${what.peak}, int64 (${what.total},)`,
    Keras: `import io
import urllib.request

import keras
import numpy as np

${all({ scale: "unit", layout: "hwc" })}
# float32 (${what.total}, ${height}, ${width}, 1) 0…1
${network}`,
    torch: `import io
import urllib.request

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

${all({ scale: "standard", layout: "chw" })}
data = TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
batches = DataLoader(data, batch_size=64, shuffle=True)`,
  };
}

/** The address of one file with everything, or of pages that `offset` goes through. */
function source(service, { split, parameters, total, rev }, format, more = {}) {
  const whole = Object.keys(parameters).length === 0;
  if (whole && total > PAGE) return { url: service.url(`v1/datasets/${split}.${format}`, { ...more, rev }) };
  const limit = Math.min(total, PAGE);
  const query = { limit, ...parameters, ...more, format, rev };
  return { url: service.url(`v1/datasets/${split}/rows`, query), paged: total > PAGE };
}

/** Lines of Python that give the arrays x and y. */
const arrays = (service, what) => (more) => {
  const { url, paged } = source(service, what, "npz", more);
  if (!paged) {
    return `url = "${url}"
data = np.load(io.BytesIO(urllib.request.urlopen(url).read()))
x, y = data["x"], data["y"]`;
  }
  return `url = "${url}"
pages = [
    np.load(io.BytesIO(urllib.request.urlopen(f"{url}&offset={offset}").read()))
    for offset in range(0, ${what.total}, ${PAGE})
]
x = np.concatenate([page["x"] for page in pages])
y = np.concatenate([page["y"] for page in pages])`;
};

/** Lines of Python that give a frame. */
function frame(service, what) {
  const { url, paged } = source(service, what, "parquet");
  if (!paged) return `url = "${url}"\nframe = pd.read_parquet(url)`;
  return `url = "${url}"
pages = [pd.read_parquet(f"{url}&offset={offset}") for offset in range(0, ${what.total}, ${PAGE})]
frame = pd.concat(pages, ignore_index=True)`;
}

/** A command for the shell: CSV, or more rows than fit a page of it as a stream of NDJSON. */
function curl(service, { split, parameters, total, drawn, rev }) {
  const name = split.replace("/", "-");
  const command = (suffix, url) => `curl --compressed -o ${name}.${suffix} \\\n  '${url}'`;
  if (Object.keys(parameters).length === 0) return command("csv", service.url(`v1/datasets/${split}.csv`, { rev }));
  if (total <= TEXT_PAGE) {
    const query = { limit: total, ...parameters, format: "csv", rev };
    return command("csv", service.url(`v1/datasets/${split}/rows`, query));
  }
  const order = parameters.seed === undefined ? { shuffle: false } : {};
  // Samples that were drawn are the first batch of an order.
  const steps = drawn ? { batch_size: total, steps: 1 } : { batch_size: TEXT_PAGE, steps: "all" };
  const query = { ...steps, layout: "flat", ...parameters, ...order, format: "ndjson", rev };
  return command("ndjson", service.url(`v1/datasets/${split}/batches`, query));
}
