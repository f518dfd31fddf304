"""UCI's `optdigits.tes`, from which scikit-learn's digits were taken, byte for byte: a sample a line, as text."""

import numpy as np

from service.data.dataset import Dataset
from service.http.representation import Whole
from service.mirrors.mirror import Mirror, MirrorFile, Recipe

ROOT = "/mirrors/uci"

PATH = f"{ROOT}/optdigits.tes"

SHA256 = "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"
"""Of the file in the UCI Machine Learning Repository, which is this one byte for byte."""

MEDIA_TYPE = "text/csv; header=absent"
"""RFC 4180, section 3: the parameter tells that there is no line of names."""

COST = 4.0
"""Milliseconds that the file takes."""


def write_lines(dataset: Dataset) -> bytes:
    """A line for each sample: its pixels in rows and its label, separated by commas; LF at the end of each.

    Source: `optdigits.names` in the UCI Machine Learning Repository.
    """
    table = np.column_stack([dataset.images.reshape(len(dataset.images), -1), dataset.labels])
    return "".join([",".join(map(str, row)) + "\n" for row in table.tolist()]).encode()


MIRROR = Mirror(
    name="uci",
    title="UCI, optdigits.tes",
    summary=(
        "The test part of “Optical recognition of handwritten digits”, byte for byte, which is scikit-learn's "
        f"`load_digits()`: 1,797 lines of 64 pixels 0…16 and the label; SHA-256 `{SHA256}`. The training part, "
        "`optdigits.tra`, is not here."
    ),
    root=ROOT,
    files={
        PATH: MirrorFile(
            dataset="digits",
            media_type=MEDIA_TYPE,
            body=lambda dataset: Whole(lambda: write_lines(dataset), COST),
        )
    },
    recipes=(
        Recipe(
            client="NumPy",
            language="python",
            code=(
                "from urllib.request import urlopen\n"
                "\n"
                "import numpy as np\n"
                "\n"
                f'with urlopen("{{base}}{PATH}") as file:\n'
                '    table = np.loadtxt(file, delimiter=",", dtype=np.uint8)\n'
                "images, labels = table[:, :-1].reshape(-1, 8, 8), table[:, -1]"
            ),
            note="Of a URL, `np.loadtxt` would leave a copy in the working directory.",
        ),
        Recipe(
            client="pandas",
            language="python",
            code=(
                "import pandas as pd\n"
                "\n"
                f'table = pd.read_csv("{{base}}{PATH}", header=None)\n'
                "pixels, labels = table.iloc[:, :-1], table.iloc[:, -1]"
            ),
            note="The file has no line of names; without `header=None`, the first sample would be taken for one.",
        ),
        Recipe(
            client="base R",
            language="r",
            code=(
                f'table <- read.csv("{{base}}{PATH}", header = FALSE)\n'
                "pixels <- as.matrix(table[, 1:64])\n"
                "labels <- table[, 65]"
            ),
        ),
    ),
)
