// Code that fetches exactly what is being looked at, ready to be pasted. Knows nothing of the page.

const PICTURED = 100; // samples of a picture, at most
const COLUMNS = 10;
const SIDE = 56; // CSS pixels of a sample in a picture, about

/** The suffixes of the files that a selection can be downloaded as, and what they are called. */
export const FILES = { csv: "CSV", parquet: "Parquet", npz: "NPZ", arrow: "Arrow", ndjson: "NDJSON" };

/**
 * The parameters of the file of a selection: `total` samples, which are all that `parameters` choose, or the first of
 * them if they are `drawn`.
 */
export const fileQuery = ({ parameters, total, drawn, rev }) => ({ ...parameters, ...(drawn ? { limit: total } : {}), rev });

/**
 * Snippets by tool that fetch samples. `what` is { split, parameters, total, drawn, rev, image: [height, width], peak,
 * look }: see `fileQuery`. With an `offset` among the parameters, they are a page of rows.
 */
export function snippets(service, what) {
  const read = reader(service, what);
  return {
    curl: `curl${what.parameters.offset === undefined ? "" : " --compressed"} -o ${what.split.replace("/", "-")}.csv \\\n  '${read.url("csv")}'`,
    ...inPython(read, what),
    JavaScript: inJavaScript(read, what),
    HTML: picture(service, what),
    R: `frame <- read.csv("${read.url("csv")}",
                  colClasses = "integer")
x <- as.matrix(frame[, -(1:2)])
y <- frame$label
# ${what.total} rows of ${what.image[0] * what.image[1]} pixels, 0 to ${what.peak}`,
  };
}

/** The addresses that samples come from: a file, or a page of rows where `parameters` are those of one. */
function reader(service, what) {
  const paged = what.parameters.offset !== undefined;
  const url = (suffix, more = {}) =>
    paged
      ? service.url(`v1/datasets/${what.split}/rows`, { ...what.parameters, ...more, format: suffix, rev: what.rev })
      : service.url(`v1/datasets/${what.split}.${suffix}`, { ...fileQuery(what), ...more });
  return { url };
}

function inPython(read, { total, image: [height, width], peak }) {
  const arrays = (more) => `url = "${read.url("npz", more)}"
data = np.load(io.BytesIO(urllib.request.urlopen(url).read()))
x, y = data["x"], data["y"]`;
  return {
    pandas: `import pandas as pd

frame = pd.read_parquet(
    "${read.url("parquet")}"
)
x, y = frame.filter(like="pixel_"), frame["label"]`,
    NumPy: `import io
import urllib.request

import numpy as np

${arrays({})}
# uint8 (${total}, ${height * width}) 0…${peak}, int64 (${total},)`,
    Keras: `import io
import urllib.request

import keras
import numpy as np

${arrays({ scale: "unit", layout: "hwc" })}
# float32 (${total}, ${height}, ${width}, 1) 0…1
model = keras.Sequential([
    keras.Input(x.shape[1:]), keras.layers.Flatten(),
    keras.layers.Dense(128, "relu"), keras.layers.Dense(10, "softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
model.fit(x, y)`,
    torch: `import io
import urllib.request

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

${arrays({ scale: "standard", layout: "chw" })}
data = TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
batches = DataLoader(data, batch_size=64, shuffle=True)`,
  };
}

function inJavaScript(read, { total, image: [height, width], peak }) {
  return `const answer = await fetch(
  "${read.url("ndjson")}",
);
const lines = (await answer.text()).trimEnd().split("\\n");
const samples = lines.map((line) => JSON.parse(line));
// ${total} of { index, label, pixels: ${height * width} numbers 0…${peak} }`;
}

/** An element that shows the samples, or the first of many, each enlarged by whole numbers. */
function picture(service, { split, parameters, total, rev, image: [height, width], look = {} }) {
  const shown = Math.min(total, PICTURED);
  const scale = Math.max(1, Math.round(SIDE / width));
  const columns = Math.min(shown, COLUMNS);
  const query = { ...parameters, limit: shown, columns, scale, ...look, rev };
  const url = service.url(`v1/datasets/${split}/grid.png`, query);
  const alt = total > shown ? `The first ${shown} of ${total} samples` : `${total} ${total === 1 ? "sample" : "samples"}`;
  const size = { width: columns * width * scale, height: Math.ceil(shown / columns) * height * scale };
  return imageElement({ url, alt, ...size });
}

function imageElement({ url, alt, width, height }) {
  return `<img src="${url.replaceAll("&", "&amp;")}"\n     width="${width}" height="${height}" alt="${alt}">`;
}

/**
 * Snippets by tool that read the answer to a request: { url, member, images }, of which `member` is a list, and `images`
 * are pictures of the same, { url, alt, width, height }, if there are any.
 */
export function answerSnippets({ url, member, images = [] }) {
  return {
    curl: `curl --compressed \\\n  '${url}'`,
    Python: `import json
from urllib.request import urlopen

import pandas as pd

answer = json.load(urlopen(
    "${url}"
))
${member} = pd.json_normalize(answer["${member}"])`,
    JavaScript: `const answer = await fetch(
  "${url}",
);
const { ${member} } = await answer.json();`,
    ...(images.length ? { HTML: images.map(imageElement).join("\n") } : {}),
    R: `library(jsonlite)

answer <- fromJSON("${url}")
${member} <- answer$${member}`,
  };
}
