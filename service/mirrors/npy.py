"""NPY files of images and labels, one array each, as `numpy.save` writes them."""

from collections.abc import Iterator
from functools import partial

from service.data.dataset import Dataset
from service.formats.npy import NPY, header
from service.http.representation import Encoded, File
from service.mirrors.mirror import Mirror, MirrorFile, Recipe

ROOT = "/mirrors/npy"

PARTS = (("train", "mnist", "train"), ("test", "mnist", "test"), ("digits", "digits", "all"))
"""How the names of files begin, and the dataset and split that they are of."""

ARRAYS = ("images", "labels")
"""How they end: images are uint8 `(n, height, width)`, labels uint8 `(n,)`."""


def write_array(dataset: Dataset, split: str, array: str) -> Iterator[Encoded]:
    """An array of a split as unsigned bytes, in an NPY file of version 1.0; images are not copied."""
    values = dataset.split(split).arrays[array]
    yield header(values.dtype, values.shape)
    yield values.reshape(-1).data


def _serve(dataset: str, split: str, array: str, filename: str) -> MirrorFile:
    return MirrorFile(
        dataset=dataset,
        media_type=NPY.media_type,
        body=lambda found: File(partial(write_array, found, split, array), filename),
    )


MIRROR = Mirror(
    name="npy",
    title="NumPy, one array a file",
    summary=(
        "Images `(n, 28, 28)` and labels `(n,)` of MNIST's training and test split, and images `(1797, 8, 8)` and "
        "labels of digits, all uint8 in NPY 1.0, aligned so that they can be mapped into memory."
    ),
    root=ROOT,
    files={
        f"{ROOT}/{name}-{array}.npy": _serve(dataset, split, array, f"{name}-{array}.npy")
        for name, dataset, split in PARTS
        for array in ARRAYS
    },
    recipes=(
        Recipe(
            client="NumPy",
            language="python",
            code=(
                "import io\n"
                "from urllib.request import urlopen\n"
                "\n"
                "import numpy as np\n"
                "\n"
                "\n"
                "def load(name):\n"
                f'    with urlopen(f"{{base}}{ROOT}/{{name}}.npy") as answer:\n'
                "        return np.load(io.BytesIO(answer.read()))\n"
                "\n"
                "\n"
                'x_train, y_train = load("train-images"), load("train-labels")\n'
                'x_test, y_test = load("test-images"), load("test-labels")'
            ),
            note="`numpy.load` takes no URL. Nothing is pickled, so `allow_pickle` stays off.",
        ),
        Recipe(
            client="NumPy, mapped into memory",
            language="shell",
            code=(
                f"curl --fail --remote-name {{base}}{ROOT}/train-images.npy\n"
                'python -c \'import numpy; print(numpy.load("train-images.npy", mmap_mode="r").shape)\''
            ),
            note="Of a mapped file, only those images are read from disk that are looked at.",
        ),
    ),
)
