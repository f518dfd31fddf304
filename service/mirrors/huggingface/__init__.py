"""The Hugging Face Hub: both datasets as repositories, for every client whose `HF_ENDPOINT` can be set."""

from service.mirrors.huggingface.endpoints import ROUTES
from service.mirrors.huggingface.recipes import RECIPES
from service.mirrors.huggingface.repositories import REPOSITORIES, ROOT
from service.mirrors.mirror import Mirror

MIRROR = Mirror(
    name="huggingface",
    title="Hugging Face Hub",
    summary=(
        "The datasets `ylecun/mnist` (also `mnist`) and `scikit-learn/digits` (also `digits`), as Parquet of PNG "
        "pictures and labels in the original order."
    ),
    root=ROOT,
    files={repository.locate(path): file for repository in REPOSITORIES for path, file in repository.files.items()},
    routes=ROUTES,
    recipes=RECIPES,
)
