"""What a client sees first: the service, its datasets, and the loaders of Keras and scikit-learn in terms of them."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import numpy as np

from digits_client.connection import PATIENCE, Connection
from digits_client.datasets import Dataset, Images, Labels
from digits_client.errors import UnexpectedAnswer


def connect(
    url: str,
    *,
    cache: str | Path | None = None,
    timeout: float = 30.0,
    patience: float = PATIENCE,
    headers: Mapping[str, str] | None = None,
    api_key: str | None = None,
    progress: bool = False,
) -> "Client":
    """Return a client of the service at `url`; nothing is sent yet.

    The proxies of the environment (`http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`) are used.

    Args:
        url: where the service is, for example `http://127.0.0.1:8000`; a user and a password in it are sent as
            `Authorization: Basic`.
        cache: a directory to keep whole arrays in; without one every process downloads them anew.
        timeout: seconds to wait for the next byte of an answer.
        patience: seconds for which a request is repeated while the service cannot be reached or is too busy.
        headers: headers that every request carries; an `Authorization` among them replaces other credentials.
        api_key: the key that the operator of the service gave out; None takes that of the environment variable
            `DIGITS_API_KEY`, if there is one. An address with a password needs no key.
        progress: draw a bar for every download and every epoch (needs tqdm).

    Raises:
        ValueError: `url` is no URL of a service.
    """
    connection = Connection(
        url, timeout=timeout, patience=patience, headers=headers, api_key=api_key, progress=progress
    )
    return Client(connection, None if cache is None else Path(cache))


class Client:
    """A service and its datasets. A `with` block closes its sockets at the end, as `close` does."""

    def __init__(self, connection: Connection, cache: Path | None) -> None:
        """Send requests over `connection`, and keep whole arrays in `cache`."""
        self.connection = connection
        self.cache = cache

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close the sockets; a later request opens new ones."""
        self.connection.close()

    @property
    def datasets(self) -> list[str]:
        """Names of the datasets."""
        return [card["name"] for card in self.connection.get_json("/v1/datasets")["datasets"]]

    def dataset(self, name: str) -> Dataset:
        """Return a dataset; its card is read now.

        Raises:
            ProblemError: there is none of this name.
        """
        card = self.connection.get_json(f"/v1/datasets/{name}")
        if card.get("name") != name:
            raise UnexpectedAnswer(f"The card of {name!r} was requested, and that of {card.get('name')!r} arrived.")
        return Dataset(self.connection, self.cache, card)

    def load_data(self) -> tuple[tuple[Images, Labels], tuple[Images, Labels]]:
        """Return MNIST as `keras.datasets.mnist.load_data()` does: `(x_train, y_train), (x_test, y_test)`, uint8."""
        mnist = self.dataset("mnist")
        train, test = mnist["train"], mnist["test"]
        return (train.images, train.labels), (test.images, test.labels)

    def load_digits(
        self,
        *,
        n_class: int = 10,
        return_X_y: bool = False,  # noqa: N803 - scikit-learn's name
        as_frame: bool = False,
    ) -> Any:  # noqa: ANN401 - as scikit-learn's, what it returns depends on the arguments
        """Return the digits as `sklearn.datasets.load_digits()` does.

        Args:
            n_class: keep classes 0…n_class-1, 1…10.
            return_X_y: return `(data, target)` alone.
            as_frame: return pandas objects, and a `frame` of both.

        Returns:
            A Bunch (scikit-learn's where it is installed) of `data` float64 (n, 64), `target` int64 (n,), `images`
            float64 (n, 8, 8), `target_names`, `feature_names`, `frame` and `DESCR`; or data and target.

        Raises:
            ValueError: `n_class` is out of range.
        """
        if not 1 <= n_class <= 10:
            raise ValueError(f"n_class must be from 1 to 10, not {n_class}.")
        digits = self.dataset("digits")
        whole = digits["all"]
        selected = whole.labels < n_class
        images, labels = whole.images[selected].astype(np.float64), whole.labels[selected].astype(np.int64)
        names: list[str] = digits.card["feature_names"]
        data: Any = images.reshape(len(images), -1)
        frame: Any = None
        target: Any = labels
        if as_frame:
            frame = _create_frame(data, labels, names)
            data, target = frame[names], frame["target"]
        if return_X_y:
            return data, target
        return _bunch_class()(
            data=data,
            target=target,
            frame=frame,
            feature_names=names,
            target_names=np.arange(10),
            images=images,
            DESCR=digits.card["notes"],
        )


def _create_frame(data: Any, target: Any, names: list[str]) -> Any:  # noqa: ANN401 - pandas may be missing
    import pandas as pd  # noqa: PLC0415 - only frames need it

    frame = pd.DataFrame(data, columns=names, copy=True)
    frame["target"] = target
    return frame


def _bunch_class() -> type[dict[str, Any]]:
    """Return scikit-learn's Bunch if it is installed, else a dictionary whose keys are attributes, too."""
    if find_spec("sklearn") is not None:
        from sklearn.utils import Bunch  # noqa: PLC0415 - takes three seconds to import

        bunch: type[dict[str, Any]] = Bunch
        return bunch
    return _Bunch


class _Bunch(dict[str, Any]):
    """A dictionary whose keys are attributes, too."""

    def __getattr__(self, key: str) -> Any:  # noqa: ANN401
        try:
            return self[key]
        except KeyError:
            raise AttributeError(key) from None
