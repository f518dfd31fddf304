"""The four original files of MNIST, byte for byte, for the loaders that unpack IDX themselves."""

from pathlib import Path

from service.datasets.mnist import TEST, TRAIN
from service.errors import DamagedData
from service.http.file_store import FileStore
from service.http.representation import Original
from service.mirrors.mirror import Mirror, MirrorFile, Recipe

ROOT = "/mirrors/mnist"

HISTORIC = "/exdb/mnist"
"""Where the files lived at yann.lecun.com for 25 years."""

ORIGINALS = (TRAIN.images, TRAIN.labels, TEST.images, TEST.labels)


def _serve(path: Path) -> MirrorFile:
    return MirrorFile(dataset="mnist", media_type="application/gzip", body=lambda _: Original(path, path.name))


async def open_originals(files: FileStore) -> None:
    """Open every file, which stays open, so that what is served is what was verified.

    Raises:
        DamagedData: one is not the file that was published.
    """
    for one in ORIGINALS:
        if (await files.open(one.path)).sha256 != one.sha256:
            raise DamagedData(f"{one.path.name} has changed while the service started; reinstall the package.")


TORCHVISION = """\
from torchvision.datasets import MNIST

MNIST.mirrors = ["{base}/mirrors/mnist/"]
train = MNIST("data", train=True, download=True)
test = MNIST("data", train=False, download=True)"""

TENSORFLOW_DATASETS = """\
import tensorflow_datasets as tfds
from tensorflow_datasets.image_classification.mnist import MNIST

MNIST.URL = "{base}/mirrors/mnist/"
train, test = tfds.load("mnist", split=["train", "test"], as_supervised=True)"""

POOCH = """\
import pooch

mnist = pooch.create(
    path=pooch.os_cache("mnist"),
    base_url="{base}/mirrors/mnist/",
    registry={
        "train-images-idx3-ubyte.gz": "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "md5:d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "md5:9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "md5:ec29112dd5afa0611ce80d1b7f02629c",
    },
)
path = mnist.fetch("train-images-idx3-ubyte.gz", processor=pooch.Decompress())"""

MNIST_PACKAGE = """\
import mnist

mnist.datasets_url = "{base}/mirrors/mnist/"
x_train, y_train = mnist.train_images(), mnist.train_labels()
x_test, y_test = mnist.test_images(), mnist.test_labels()"""

MNISTS = """\
import mnists

mnists.MNIST.mirrors = ["{base}/mirrors/mnist/"]
mnist = mnists.MNIST()
x_train, y_train = mnist.train_images(), mnist.train_labels()
x_test, y_test = mnist.test_images(), mnist.test_labels()"""

MNIST_DATASETS = """\
from mnist_datasets import MNISTLoader

loader = MNISTLoader(base_url="{base}/mirrors/mnist/", folder="data")
x_train, y_train = loader.load(train=True)
x_test, y_test = loader.load(train=False)"""

GET_MNIST = """\
from mnist import mnist

root = "{base}/mirrors/mnist"
x_train, y_train, x_test, y_test = mnist(
    "data",
    train_url=f"{root}/train-images-idx3-ubyte.gz",
    train_label_url=f"{root}/train-labels-idx1-ubyte.gz",
    test_url=f"{root}/t10k-images-idx3-ubyte.gz",
    test_label_url=f"{root}/t10k-labels-idx1-ubyte.gz",
)"""

PYTHON = """\
import gzip
from urllib.request import urlopen

import numpy as np

root = "{base}/mirrors/mnist"
with urlopen(f"{root}/train-images-idx3-ubyte.gz") as images, urlopen(f"{root}/train-labels-idx1-ubyte.gz") as labels:
    x_train = np.frombuffer(gzip.decompress(images.read()), np.uint8, offset=16).reshape(-1, 28, 28)
    y_train = np.frombuffer(gzip.decompress(labels.read()), np.uint8, offset=8)"""

R = """\
read_idx <- function(name) {
  file <- gzcon(url(paste0("{base}/mirrors/mnist/", name), "rb"))
  on.exit(close(file))
  dimensions <- readBin(file, "raw", 4)[4]
  shape <- readBin(file, "integer", as.integer(dimensions), size = 4, endian = "big")
  values <- readBin(file, "integer", prod(shape), size = 1, signed = FALSE)
  if (length(shape) == 1) values else aperm(array(values, rev(shape)))
}
x_train <- read_idx("train-images-idx3-ubyte.gz")
y_train <- read_idx("train-labels-idx1-ubyte.gz")"""

NODE = """\
import { gunzipSync } from "node:zlib";

async function read(name, header) {
  const answer = await fetch(`{base}/mirrors/mnist/${name}`);
  if (!answer.ok) throw new Error(`${answer.status} ${answer.url}`);
  return gunzipSync(Buffer.from(await answer.arrayBuffer())).subarray(header);
}

const images = await read("train-images-idx3-ubyte.gz", 16); // 60,000 images of 784 bytes
const labels = await read("train-labels-idx1-ubyte.gz", 8);"""

CURL = """\
curl --fail --remote-name-all "{base}/mirrors/mnist/{train,t10k}-{images-idx3,labels-idx1}-ubyte.gz"
md5sum --check <<'END'
f68b3c2dcbeaaa9fbdd348bbdeb94873  train-images-idx3-ubyte.gz
d53e105ee54ea40749a09fcbcd1e9432  train-labels-idx1-ubyte.gz
9fb629c4189551a2d022fa330f9573f3  t10k-images-idx3-ubyte.gz
ec29112dd5afa0611ce80d1b7f02629c  t10k-labels-idx1-ubyte.gz
END"""

PROXY = """\
export http_proxy={base}
curl --fail --remote-name http://yann.lecun.com/exdb/mnist/train-labels-idx1-ubyte.gz"""

MIRROR = Mirror(
    name="idx",
    title="MNIST, the four original files",
    summary=(
        "The files that Yann LeCun published in 1998, gzip of IDX, byte for byte; also at `/exdb/mnist`, where they "
        "were at yann.lecun.com."
    ),
    root=ROOT,
    files={f"{root}/{one.path.name}": _serve(one.path) for root in (ROOT, HISTORIC) for one in ORIGINALS},
    recipes=(
        Recipe(
            client="torchvision 0.28",
            language="python",
            code=TORCHVISION,
            note="torchvision checks the MD5 of each file. The address ends with a slash, because names are appended.",
        ),
        Recipe(
            client="TensorFlow Datasets 4.9",
            language="python",
            code=TENSORFLOW_DATASETS,
            note="Checksums are recorded for another address, so nothing is checked.",
        ),
        Recipe(client="pooch 1.9", language="python", code=POOCH, note="pooch checks the hashes of the registry."),
        Recipe(
            client="mnist 0.2",
            language="python",
            code=MNIST_PACKAGE,
            note="The shape is checked. Files of these names in the temporary directory are taken as they are.",
        ),
        Recipe(client="mnists 0.4", language="python", code=MNISTS, note="mnists checks the MD5 of each file."),
        Recipe(
            client="mnist-datasets 0.15",
            language="python",
            code=MNIST_DATASETS,
            note="Nothing is checked. Files of these names in the folder are taken as they are.",
        ),
        Recipe(client="get-mnist 1.0", language="python", code=GET_MNIST, note="get-mnist checks the magic numbers."),
        Recipe(client="NumPy, IDX", language="python", code=PYTHON, note="gzip checks the CRC-32 of the content."),
        Recipe(client="base R", language="r", code=R),
        Recipe(client="Node.js", language="javascript", code=NODE),
        Recipe(client="curl", language="shell", code=CURL),
        Recipe(
            client="Old scripts, unchanged",
            language="shell",
            code=PROXY,
            note=(
                "For programs that ask http://yann.lecun.com/exdb/mnist/ and read `http_proxy`, as curl, wget, R and "
                "Python's urllib and requests do: this service answers in place of that host. Addresses with https do "
                "not come here."
            ),
        ),
    ),
)
