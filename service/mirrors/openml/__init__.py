"""OpenML: `mnist_784`, and scikit-learn's digits, by its interface of JSON and XML, with files in ARFF and Parquet."""

from service.mirrors.mirror import Mirror, Recipe
from service.mirrors.openml.endpoints import FILES, ROOT, ROUTES

SCIKIT_LEARN_CACHE = """\
import gzip
import shutil
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import urlopen

from sklearn.datasets import fetch_openml, get_data_home

server = "{base}/mirrors/openml/"
asked = ("list/data_name/mnist_784/limit/2/data_version/1", "554", "features/554", "qualities/554")
sources = {f"api/v1/json/data/{name}": f"{server}api/v1/json/data/{name}" for name in asked}
arff = f"{server}data/v1/download/52667/mnist_784.arff"
for path, url in {**sources, urlparse(arff).path.lstrip("/"): arff}.items():
    file = Path(get_data_home(), "openml", "openml.org", f"{path}.gz")
    file.parent.mkdir(parents=True, exist_ok=True)
    with urlopen(url) as answer, gzip.open(file, "wb", compresslevel=1) as copy:
        shutil.copyfileobj(answer, copy)
mnist = fetch_openml("mnist_784", version=1)
images, labels = mnist.data.to_numpy(), mnist.target.astype(int).to_numpy()"""

SCIKIT_LEARN = """\
import sklearn.datasets._openml as openml
from sklearn.datasets import fetch_openml

server = "{base}/mirrors/openml/"
if hasattr(openml, "_OPENML_PREFIX"):  # before scikit-learn 1.7
    openml._OPENML_PREFIX = server
else:
    for name in ("_SEARCH_NAME", "_DATA_INFO", "_DATA_FEATURES", "_DATA_QUALITIES"):
        path = getattr(openml, name).split("/", 3)[3]
        setattr(openml, name, server + path)
mnist = fetch_openml("mnist_784", version=1, data_home="openml-mirror")
images, labels = mnist.data.to_numpy(), mnist.target.astype(int).to_numpy()"""

OPENML = """\
import openml

openml.config.server = "{base}/mirrors/openml/api/v1/xml"
mnist = openml.datasets.get_dataset("mnist_784", version=1, download_data=True)
table, labels, _, _ = mnist.get_data(target=mnist.default_target_attribute)"""

ARFF = """\
import io
import urllib.request

from scipy.io import arff

with urllib.request.urlopen("{base}/mirrors/openml/data/v1/download/1000001/digits.arff") as file:
    rows, columns = arff.loadarff(io.StringIO(file.read().decode()))
labels = rows["class"].astype(int)"""

MIRROR = Mirror(
    name="openml",
    title="OpenML, mnist_784 and digits",
    summary=(
        "Dataset 554, `mnist_784`: 60,000 training samples, then 10,000 test samples, as `pixel1` to `pixel784` and "
        "`class`; and scikit-learn's digits as dataset 1000001, `digits`. Descriptions, features and qualities in JSON "
        "and XML; files in ARFF and Parquet."
    ),
    root=ROOT,
    files=FILES,
    routes=ROUTES,
    recipes=(
        Recipe(
            client="scikit-learn 1.7 to 1.9, fetch_openml in any program",
            language="python",
            code=SCIKIT_LEARN_CACHE,
            note=(
                "The answers are put where scikit-learn keeps those of openml.org: ~/scikit_learn_data, or "
                "$SCIKIT_LEARN_DATA. fetch_openml finds them there, also in other programs, checks the MD5 of the file "
                "and connects to nothing. It needs pandas."
            ),
        ),
        Recipe(
            client="scikit-learn 1.0 to 1.9, fetch_openml in one program",
            language="python",
            code=SCIKIT_LEARN,
            note=(
                "scikit-learn has its addresses in private constants. A folder of its own keeps what comes from here "
                "apart from what comes from openml.org. It checks the MD5 of the file, and needs pandas."
            ),
        ),
        Recipe(
            client="openml-python 0.15",
            language="python",
            code=OPENML,
            note="It stores datasets in ~/.cache/openml, in a folder named by the host of this service.",
        ),
        Recipe(client="SciPy 1.17", language="python", code=ARFF),
    ),
)
