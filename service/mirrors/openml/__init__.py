"""OpenML: `mnist_784`, and scikit-learn's digits, by its interface of JSON and XML, with files in ARFF and Parquet."""

from service.mirrors.mirror import Mirror, Recipe
from service.mirrors.openml.endpoints import FILES, ROOT, ROUTES

SCIKIT_LEARN = """\
import sklearn.datasets._openml as openml
from sklearn.datasets import fetch_openml

for name in ("_SEARCH_NAME", "_DATA_INFO", "_DATA_FEATURES", "_DATA_QUALITIES"):
    address = getattr(openml, name).replace("https://www.openml.org", "{base}/mirrors/openml")
    setattr(openml, name, address)
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
            client="scikit-learn 1.9, fetch_openml",
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
