"""What clients of OpenML ask: lists, descriptions, features and qualities of datasets, in JSON and in XML.

Source: OpenML's REST interface, version 1, and what openml-python and scikit-learn read of it.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, ClassVar

from fastapi import Depends, Path, Query

from service.errors import Unknown
from service.http.parameters import Parameters
from service.http.representation import Listing, Representation, Whole
from service.http.request import ApiRequest
from service.http.route import ApiRoute
from service.mirrors.mirror import CatalogState, MirrorFile
from service.mirrors.openml.entries import ENTRIES, Entry, Values
from service.mirrors.openml.files import serve_arff, serve_parquet
from service.mirrors.openml.notations import NOTATIONS, Notation

ROOT = "/mirrors/openml"

API = f"{ROOT}/api/v1/{{notation}}"

NO_FUNCTION, UNKNOWN_DATASET, UNKNOWN_FEATURES, UNKNOWN_QUALITIES, ILLEGAL_FILTER, NO_RESULTS = (
    100,
    111,
    271,
    361,
    370,
    372,
)
"""OpenML's numbers of what may be missing."""

NUMBER = re.compile(r"[0-9]{1,18}")


class ClientQuery(Parameters):
    """Parameters are passed over: clients send some that change nothing here, such as `api_key`."""

    lenient: ClassVar[bool] = True


AnyQuery = Annotated[ClientQuery, Query()]


def find_notation(notation: Annotated[str, Path()]) -> Notation:
    """The notation that a path names.

    Raises:
        Unknown: there is none.
    """
    if notation not in NOTATIONS:
        raise Unknown("notation", notation, NOTATIONS, where="the mirror of OpenML")
    return NOTATIONS[notation]


NotationPath = Annotated[Notation, Depends(find_notation)]


def find_entry(number: str, catalog: CatalogState, notation: Notation, code: int) -> Entry:
    """The dataset of a number.

    Raises:
        Declined: there is none, or it is not served.
    """
    entry = ENTRIES.get(int(number)) if NUMBER.fullmatch(number) else None
    if entry is None or entry.card.name not in catalog.datasets:
        raise notation.decline(code, "Unknown dataset")
    return entry


def arff_path(entry: Entry) -> str:
    """Where the file as ARFF is; older clients leave out its name."""
    return f"{ROOT}/data/v1/download/{entry.file_number}/{entry.name}.arff"


def parquet_path(entry: Entry) -> str:
    """Where the file as Parquet is: bucket `mirrors`, then the folder that OpenML gives a dataset."""
    thousands = entry.number // 10_000
    return f"{ROOT}/datasets/{thousands:04d}/{entry.number:04d}/dataset_{entry.number}.pq"


FILES: Mapping[str, MirrorFile] = {
    **{arff_path(entry): serve_arff(entry) for entry in ENTRIES.values()},
    **{
        path.rpartition("/")[0]: replace(serve_arff(entry), same_as=path)
        for entry in ENTRIES.values()
        for path in [arff_path(entry)]
    },
    **{parquet_path(entry): serve_parquet(entry) for entry in ENTRIES.values()},
}
"""Every file by its path."""


def list_datasets(filters: str, notation: NotationPath, query: AnyQuery, catalog: CatalogState) -> Representation:
    """The datasets that pass some filters, which are written as `name/value/…`."""
    found = select_entries(read_filters(filters, notation), catalog.datasets, notation)
    return _answer(notation, "data", {"dataset": [entry.summarize() for entry in found]}, catalog)


def list_all_datasets(notation: NotationPath, query: AnyQuery, catalog: CatalogState) -> Representation:
    """All datasets."""
    return list_datasets("", notation, query, catalog)


def read_filters(text: str, notation: Notation) -> dict[str, str]:
    """Filters by name; empty parts are passed over, as OpenML does, whose clients end some paths with a slash.

    Raises:
        Declined: a name has no value.
    """
    parts = [part for part in text.split("/") if part]
    if len(parts) % 2:
        raise notation.decline(ILLEGAL_FILTER, f"Illegal filter specified: {parts[-1][:60]} has no value")
    return dict(zip(parts[::2], parts[1::2], strict=True))


def select_entries(filters: Mapping[str, str], served: Mapping[str, object], notation: Notation) -> list[Entry]:
    """The datasets that pass filters: `data_name`, `data_version`, `data_id`, `status`, `limit` and `offset`.

    Raises:
        Declined: a filter is unknown or malformed, or no dataset passes.
    """
    found = [entry for entry in ENTRIES.values() if entry.card.name in served]
    first, most = 0, len(found)
    for name, value in filters.items():
        numbers = [int(one) for one in value.split(",") if NUMBER.fullmatch(one)]
        if name == "data_name":
            found = [entry for entry in found if entry.name == value.lower()]
        elif name == "status":
            found = found if value.lower() in ("active", "all") else []
        elif not numbers or name not in ("data_version", "data_id", "limit", "offset"):
            raise notation.decline(ILLEGAL_FILTER, f"Illegal filter specified: {name[:60]}")
        elif name == "limit":
            most = numbers[0]
        elif name == "offset":
            first = numbers[0]
        else:
            found = [entry for entry in found if (entry.version if name == "data_version" else entry.number) in numbers]
    if not (found := found[first : first + most]):
        raise notation.decline(NO_RESULTS, "No results")
    return found


def describe_dataset(
    request: ApiRequest, number: str, notation: NotationPath, query: AnyQuery, catalog: CatalogState
) -> Representation:
    """A dataset: what it is, where its files are, and the checksum of the one as ARFF, which is built for it."""
    entry = find_entry(number, catalog, notation, UNKNOWN_DATASET)
    arff = arff_path(entry)
    address, parquet = request.address, parquet_path(entry)

    def write(values: Mapping[str, object]) -> bytes:
        return notation.write("data_set_description", values)

    return Representation(
        media_type=notation.media_type,
        body=Listing(
            {arff: FILES[arff].represent(arff, catalog)},
            lambda files: write(
                entry.describe(arff=f"{address}{arff}", parquet=f"{address}{parquet}", md5=files[arff].md5)
            ),
        ),
        version=catalog[entry.card.name],
        absolute=True,
    )


def list_features(number: str, notation: NotationPath, query: AnyQuery, catalog: CatalogState) -> Representation:
    """The columns of a dataset."""
    entry = find_entry(number, catalog, notation, UNKNOWN_FEATURES)
    return _answer(notation, "data_features", {"feature": list(entry.list_features())}, catalog)


def list_qualities(number: str, notation: NotationPath, query: AnyQuery, catalog: CatalogState) -> Representation:
    """Numbers that describe a dataset."""
    entry = find_entry(number, catalog, notation, UNKNOWN_QUALITIES)
    return _answer(notation, "data_qualities", {"quality": list(entry.list_qualities())}, catalog)


def decline_function(function: str, notation: NotationPath, query: AnyQuery) -> Representation:
    """Everything else of OpenML, which is not here."""
    raise notation.decline(NO_FUNCTION, f"Function not valid: this mirror has datasets alone, and no {function[:60]}")


def _answer(notation: Notation, name: str, values: Values, catalog: CatalogState) -> Representation:
    return Representation(
        media_type=notation.media_type, body=Whole(lambda: notation.write(name, values)), version=catalog
    )


ROUTES = (
    ApiRoute(f"{API}/data/list/{{filters:path}}", list_datasets, include_in_schema=False),
    ApiRoute(f"{API}/data/list", list_all_datasets, include_in_schema=False),
    ApiRoute(f"{API}/data/features/{{number}}", list_features, include_in_schema=False),
    ApiRoute(f"{API}/data/qualities/{{number}}", list_qualities, include_in_schema=False),
    ApiRoute(f"{API}/data/{{number}}", describe_dataset, include_in_schema=False),
    ApiRoute(f"{API}/{{function:path}}", decline_function, include_in_schema=False),
)
"""The interface; the files are plain ones."""
