// Code that fetches exactly what is being looked at, ready to be pasted.

const PAGE = 10_000; // rows a page in binary formats

/** The tools that snippets are made for. */
export const TOOLS = ["curl", "pandas", "NumPy", "Keras", "torch"];

/**
 * Snippets by tool. `what` is { split, parameters, total, rev, image: [height, width], peak }: the samples of a split
 * that the parameters of `rows` choose, `total` of them.
 */
export function snippets(service, { split, parameters, total, rev, image: [height, width], peak }) {
  const whole = Object.keys(parameters).length === 0;
  const limit = Math.min(total, PAGE);
  const url = (format, more = {}) =>
    whole && total > PAGE
      ? service.url(`v1/datasets/${split}.${format}`, { ...more, rev })
      : service.url(`v1/datasets/${split}/rows`, {
          ...parameters,
          ...(parameters.limit ? {} : { limit }),
          ...more,
          format,
          rev,
        });
  const partial = !whole && total > PAGE ? `# the first ${PAGE} of ${total}: go on with offset=${PAGE}\n` : "";
  const load = (more) => `data = np.load(io.BytesIO(urllib.request.urlopen(\n    "${url("npz", more)}"\n).read()))`;
  const name = split.replace("/", "-");
  return {
    curl: `${partial}curl --compressed -o ${name}.csv \\\n  '${csvUrl(service, split, parameters, total, rev)}'`,
    pandas: `${partial}import pandas as pd\n\nframe = pd.read_parquet(\n    "${url("parquet")}"\n)\nx, y = frame.filter(like="pixel_"), frame["label"]`,
    NumPy: `${partial}import io, urllib.request\nimport numpy as np\n\n${load({})}\nx, y = data["x"], data["y"]  # uint8 (n, ${height * width}) 0…${peak}, int64 (n,)`,
    Keras: `${partial}import io, urllib.request\nimport keras, numpy as np\n\n${load({ scale: "unit", layout: "hwc" })}\nx, y = data["x"], data["y"]  # float32 (n, ${height}, ${width}, 1) 0…1\nmodel = keras.Sequential([\n    keras.Input(x.shape[1:]), keras.layers.Flatten(),\n    keras.layers.Dense(128, "relu"), keras.layers.Dense(10, "softmax"),\n])\nmodel.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])\nmodel.fit(x, y)`,
    torch: `${partial}import io, urllib.request\nimport numpy as np, torch\nfrom torch.utils.data import DataLoader, TensorDataset\n\n${load({ scale: "standard", layout: "chw" })}\nx, y = torch.from_numpy(data["x"]), torch.from_numpy(data["y"])\nbatches = DataLoader(TensorDataset(x, y), batch_size=64, shuffle=True)`,
  };
}

/** The same as CSV, which is limited to 1,000 rows a page unless it is a whole split. */
function csvUrl(service, split, parameters, total, rev) {
  if (Object.keys(parameters).length === 0) return service.url(`v1/datasets/${split}.csv`, { rev });
  return service.url(`v1/datasets/${split}/rows`, {
    ...parameters,
    ...(parameters.limit ? {} : { limit: Math.min(total, 1_000) }),
    format: "csv",
    rev,
  });
}
