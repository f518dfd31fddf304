"""The four original files of MNIST, byte for byte, for the loaders that unpack IDX themselves."""

from pathlib import Path

from service.datasets.mnist import TEST, TRAIN
from service.http.representation import Original
from service.mirrors.mirror import Mirror, MirrorFile, Recipe

ROOT = "/mirrors/mnist"

HISTORIC = "/exdb/mnist"
"""Where the files lived at yann.lecun.com for 25 years."""

ORIGINALS = (TRAIN.images, TRAIN.labels, TEST.images, TEST.labels)


def _serve(path: Path) -> MirrorFile:
    return MirrorFile(dataset="mnist", media_type="application/gzip", body=lambda _: Original(path, path.name))


MIRROR = Mirror(
    name="idx",
    title="MNIST, the four original files",
    summary="The files that Yann LeCun published in 1998, gzip of IDX, byte for byte.",
    root=ROOT,
    files={f"{root}/{one.path.name}": _serve(one.path) for root in (ROOT, HISTORIC) for one in ORIGINALS},
    recipes=(
        Recipe(
            client="torchvision",
            language="python",
            code='torchvision.datasets.MNIST.mirrors = ["{base}/mirrors/mnist/"]',
            note="Before the dataset is made; torchvision checks the MD5 of each file.",
        ),
    ),
)
