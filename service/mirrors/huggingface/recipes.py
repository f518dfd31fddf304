"""How each client of the Hub is pointed here: nearly all read one environment variable."""

from service.mirrors.mirror import Recipe

BEFORE = "The variable must be set before the import, or in the environment of the program."

POINT = 'import os\n\nos.environ["HF_ENDPOINT"] = "{base}/mirrors/huggingface"\n\n'
"""How a program in Python points itself here."""

RECIPES = (
    Recipe(
        client="datasets",
        language="python",
        code=POINT
        + """\
from datasets import load_dataset

mnist = load_dataset("ylecun/mnist")  # train and test
digits = load_dataset("scikit-learn/digits")  # all are in train""",
        note=(
            f"Hugging Face's datasets 2.14, 3.6 and 5.2. {BEFORE} The short names, mnist and digits, are for releases "
            "before 5, which takes names with an owner only."
        ),
    ),
    Recipe(
        client="datasets, streaming",
        language="python",
        code=POINT
        + """\
from datasets import load_dataset

train = load_dataset("ylecun/mnist", split="train", streaming=True)
for sample in train.shuffle(seed=0, buffer_size=1_000).take(3):
    print(sample["label"], sample["image"].size)""",
        note="datasets 2.14, 3.6 and 5.2. It fetches groups of 1,000 samples, each when it is needed.",
    ),
    Recipe(
        client="huggingface_hub",
        language="python",
        code=POINT
        + """\
from huggingface_hub import hf_hub_download, snapshot_download

folder = snapshot_download("ylecun/mnist", repo_type="dataset")
file = hf_hub_download("scikit-learn/digits", "digits/train-00000-of-00001.parquet", repo_type="dataset")""",
        note=f"huggingface_hub 0.19 to 2.4. {BEFORE}",
    ),
    Recipe(
        client="HfFileSystem",
        language="python",
        code=POINT
        + """\
from huggingface_hub import HfFileSystem

files = HfFileSystem()
print(files.glob("datasets/ylecun/mnist/**/*.parquet"))
readme = files.read_text("datasets/scikit-learn/digits/README.md")""",
        note=f"huggingface_hub 0.19 to 2.4. {BEFORE}",
    ),
    Recipe(
        client="hf, the command",
        language="shell",
        code="""\
export HF_ENDPOINT={base}/mirrors/huggingface
hf download --repo-type dataset ylecun/mnist --local-dir mnist
hf download --repo-type dataset scikit-learn/digits --local-dir digits""",
        note="huggingface_hub 2.4; before 0.34 the command is huggingface-cli.",
    ),
    Recipe(
        client="pandas, hf://",
        language="python",
        code=POINT
        + """\
import io

import numpy as np
import pandas as pd
from PIL import Image

train = pd.read_parquet("hf://datasets/ylecun/mnist/mnist/train-00000-of-00001.parquet")
images = np.stack([np.asarray(Image.open(io.BytesIO(image["bytes"]))) for image in train["image"]])
labels = train["label"].to_numpy()""",
        note=f"pandas 3.1 with huggingface_hub, whose file system it finds. {BEFORE}",
    ),
    Recipe(
        client="polars, a file of the Hub",
        language="python",
        code="""\
import polars as pl

root = "{base}/mirrors/huggingface/datasets/ylecun/mnist/resolve/main/mnist"
train = pl.read_parquet(f"{root}/train-00000-of-00001.parquet")
labels = pl.scan_parquet(f"{root}/test-00000-of-00001.parquet").select("label").collect()""",
        note="polars 2.1, by URL: its own hf:// has the Hub's address built in. A scan fetches no other columns.",
    ),
    Recipe(
        client="@huggingface/hub",
        language="javascript",
        code="""\
import { downloadFile, listFiles } from '@huggingface/hub';

const hubUrl = '{base}/mirrors/huggingface';
const repo = 'datasets/ylecun/mnist';
for await (const file of listFiles({ repo, hubUrl, recursive: true })) console.log(file.path, file.size);
const blob = await downloadFile({ repo, hubUrl, path: 'mnist/test-00000-of-00001.parquet' });
const bytes = await blob.arrayBuffer();""",
        note="@huggingface/hub 2.17, in Node.js and in browsers.",
    ),
)
"""One for each client."""
