"""Croissant: what a dataset is and how its tables are read, as JSON-LD for loaders and for search engines."""

from collections.abc import Mapping

import orjson

from service.errors import Unknown
from service.http.representation import Finished, Listing, Representation
from service.http.request import ApiRequest
from service.http.route import ApiRoute
from service.mirrors.croissant.document import describe_dataset
from service.mirrors.croissant.tables import TABLES
from service.mirrors.mirror import CatalogState, Mirror, Recipe

ROOT = "/mirrors/croissant"

MEDIA_TYPE = "application/ld+json"


def get_croissant(request: ApiRequest, name: str, catalog: CatalogState) -> Representation:
    """A dataset in the Croissant format: facts, files with their checksums, and the records in them.

    Raises:
        Unknown: there is no such document, or the dataset is not served.
    """
    if name not in TABLES:
        raise Unknown("document", f"{name}.json", [f"{one}.json" for one in TABLES], where="the mirror of Croissant")
    dataset, address = catalog[name], request.address
    files = {table.path: table.file.represent(table.path, catalog) for table in TABLES[name]}

    def make(finished: Mapping[str, Finished]) -> bytes:
        document = describe_dataset(dataset.card, address, finished)
        return orjson.dumps(document, option=orjson.OPT_INDENT_2)

    return Representation(media_type=MEDIA_TYPE, body=Listing(files, make), version=dataset, absolute=True)


PICTURES = """\
import mlcroissant
import numpy as np

dataset = mlcroissant.Dataset("{base}/mirrors/croissant/mnist.json")
records = list(dataset.records("test"))
images = np.array([np.asarray(record["test/image"]) for record in records])
labels = np.array([record["test/label"] for record in records])
"""

NUMBERS = """\
import mlcroissant
import numpy as np

dataset = mlcroissant.Dataset("{base}/mirrors/croissant/digits.json")
records = list(dataset.records("all"))
images = np.array([record["all/pixels"] for record in records]).reshape(-1, 8, 8)
labels = np.array([record["all/label"] for record in records])
"""

VALIDATE = "mlcroissant validate --jsonld {base}/mirrors/croissant/mnist.json"

LOAD = "mlcroissant load --jsonld {base}/mirrors/croissant/digits.json --record_set all --num_records 3"

MIRROR = Mirror(
    name="croissant",
    title="Croissant 1.0",
    summary=(
        "`mnist.json` and `digits.json`: facts, licence, citation, files with their SHA-256, and the records in them, "
        "as JSON-LD for loaders and for search engines of datasets."
    ),
    root=ROOT,
    routes=(ApiRoute(f"{ROOT}/{{name}}.json", get_croissant, include_in_schema=False),),
    recipes=(
        Recipe(
            client="mlcroissant 1.0 and 1.1",
            language="python",
            code=PICTURES,
            note=(
                "Needs `pip install mlcroissant pyarrow pillow`. It compares each file with its SHA-256, and keeps it "
                "in `~/.cache/croissant` (`CROISSANT_CACHE`)."
            ),
        ),
        Recipe(
            client="mlcroissant 1.0 and 1.1, digits",
            language="python",
            code=NUMBERS,
            note="Needs `pip install mlcroissant pyarrow`. The pixels are the original numbers, not pictures.",
        ),
        Recipe(
            client="mlcroissant, first records",
            language="shell",
            code=LOAD,
        ),
        Recipe(
            client="mlcroissant, validation",
            language="shell",
            code=VALIDATE,
            note="It finds neither errors nor warnings.",
        ),
    ),
)
