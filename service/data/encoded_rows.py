"""EncodedRows: rows of a split that are finished already, in an encoding that this floor knows nothing of."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class EncodedRows(Protocol):
    """The rows of a split in one encoding."""

    def read(self, index: NDArray[np.int64], /) -> bytes | memoryview:
        """Return the rows at these positions within the split, int64 `(n,)`, one after the other."""

    def ends(self, index: NDArray[np.int64], /) -> NDArray[np.int64]:
        """Return where each of these rows ends in what `read` gives, int64 `(n,)`."""


NOTHING: Mapping[str, EncodedRows] = MappingProxyType({})
"""No rows in any encoding."""
