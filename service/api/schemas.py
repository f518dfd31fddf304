"""The JSON that goes out, as Pydantic models: what the OpenAPI document promises is what is sent."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType

from service.api.links import Links
from service.api.named_types import DType, MapKind, SplitName, UsedSeed
from service.data.card import Licence, Loader, Reference

Float32 = Annotated[float, Field(json_schema_extra={"format": "float"})]


class FileCard(BaseModel):
    """A whole split as one file, and what to check a download against."""

    url: str = Field(description="path-absolute; pins the data", examples=["/v1/datasets/mnist/train.parquet"])
    media_type: str = Field(examples=["application/vnd.apache.parquet"])
    sha256: str | None = Field(
        description="SHA-256 (hex) of the file, raw and flat; null where the libraries that encode it are not those of "
        "the release"
    )


class OfSplit(BaseModel):
    """What says which split it is about."""

    dataset: str = Field(examples=["mnist"])
    split: str = Field(examples=["train"])
    rev: str = Field(
        description="revision of the dataset: the first 12 hex digits of its digest", examples=["c2069063c110"]
    )


class SplitCard(OfSplit):
    """Facts of one split."""

    count: int = Field(description="number of samples", examples=[60000])
    first: int = Field(description="position of the split's first sample in `all`", examples=[0])
    shape: tuple[int, int, int] = Field(description="(n, height, width)", examples=[(60000, 28, 28)])
    dtype: DType = "uint8"
    range: tuple[int, int] = Field(description="smallest and largest raw value", examples=[(0, 255)])
    labels: dict[str, int] = Field(description="number of samples of each class", examples=[{"0": 5923, "1": 6742}])
    digests: dict[str, str] = Field(description="SHA-256 of the arrays `images` and `labels`, both uint8 in C order")
    files: dict[str, FileCard] = Field(description="the whole split as a file, by suffix")
    links: Links


class Standardization(BaseModel):
    """Unit-scaled mean and deviation by which `?scale=standard` standardises, and the split that has them."""

    split: SplitName
    mean: float = Field(examples=[0.1306604762738429])
    std: float = Field(examples=[0.3081078038564627])


class DatasetCard(BaseModel):
    """Everything that a person asks before using a dataset."""

    name: str = Field(examples=["mnist"])
    title: str
    summary: str
    description: str
    rev: str = Field(description="the first 12 hex digits of the digest; give it as ?rev= to pin the data")
    digest: str = Field(description="SHA-256 of all images, then all labels, both uint8, in the order of split `all`")
    count: int = Field(description="number of samples", examples=[70000])
    image_shape: tuple[int, int] = Field(description="(height, width) in pixels", examples=[(28, 28)])
    dtype: DType = "uint8"
    range: tuple[int, int] = Field(description="smallest and largest raw value", examples=[(0, 255)])
    picture: str = Field(description="how raw values become the grey of a picture")
    classes: list[str] = Field(description="names of the classes; label k is the k-th", examples=[list("0123456789")])
    target_names: list[int] = Field(description="the labels, as scikit-learn's `target_names`")
    feature_names: list[str] = Field(
        description="column names of a flattened image", examples=[["pixel_0_0", "pixel_0_1"]]
    )
    splits: dict[str, SplitCard]
    standard: Standardization
    intended_uses: list[str] = Field(description="what the dataset is good for")
    limitations: list[str] = Field(description="what it is not good for")
    licence: Licence
    creators: list[str]
    year: int
    citation: str
    sources: list[Reference]
    loaders: list[Loader] = Field(description="what well-known libraries' loaders return for the same data")
    notes: str = Field(description="the description that the source ships with the data (scikit-learn's DESCR)")
    links: Links


class Datasets(BaseModel):
    """The cards of all datasets."""

    datasets: list[DatasetCard]
    links: Links


class Row(BaseModel):
    """One sample as a flattened row."""

    index: int = Field(description="position within the split", examples=[0])
    label: int = Field(examples=[5])
    pixels: list[Float32] = Field(description="intensities, row by row", examples=[[0, 0, 12, 255]])


class ImageRow(BaseModel):
    """One sample of a batch in layout `image`."""

    index: int
    label: int
    pixels: list[list[Float32]] = Field(description="`pixels[row][column]`", examples=[[[0, 128], [255, 0]]])


class ChannelRow(BaseModel):
    """One sample of a batch in layouts `chw` and `hwc`, with an axis for the channel."""

    index: int
    label: int
    pixels: list[list[list[Float32]]] = Field(examples=[[[[0, 128], [255, 0]]]])


BatchRow = TypeAliasType(
    "BatchRow", Annotated[Row | ImageRow | ChannelRow, Field(description="one sample; `pixels` nest by `layout`")]
)


class RowsPage(OfSplit):
    """A page of flattened rows."""

    offset: int = Field(examples=[0])
    limit: int = Field(examples=[1])
    total: int = Field(description="rows of all pages together", examples=[60000])
    columns: list[str] = Field(examples=[["index", "label", "pixels"]])
    rows: list[Row]
    links: dict[str, str | None] = Field(
        description="self, first, prev, next and last; null where there is none",
        examples=[{"self": "/v1/datasets/mnist/train/rows?limit=1&rev=c2069063c110", "prev": None}],
    )


class Sample(OfSplit):
    """One sample."""

    index: int = Field(examples=[0])
    label: int = Field(examples=[5])
    name: str = Field(description="name of the class", examples=["5"])
    image: list[list[int]] = Field(description="raw intensities, `image[row][column]`", examples=[[[0, 128], [255, 0]]])
    links: Links


class Tile(BaseModel):
    """Where one sample stands on a sheet, in pixels of the picture; its label, if written, stands below."""

    position: int = Field(description="counts cells row by row from 0", examples=[0])
    index: int = Field(description="position of the sample within the split", examples=[7])
    label: int = Field(examples=[3])
    x: int = Field(examples=[0])
    y: int = Field(examples=[0])
    width: int = Field(examples=[28])
    height: int = Field(examples=[28])


class SheetMap(OfSplit):
    """Which sample stands where on the sheet that the same query draws."""

    offset: int = Field(examples=[0])
    limit: int = Field(examples=[100])
    total: int = Field(description="samples on all sheets together", examples=[60000])
    width: int = Field(description="of the picture, in pixels", examples=[280])
    height: int = Field(description="of the picture, in pixels", examples=[280])
    columns: int = Field(examples=[10])
    rows: int = Field(examples=[10])
    tiles: list[Tile]
    links: dict[str, str | None] = Field(description="png and webp, and the pages: self, first, prev, next, last")


class Point(BaseModel):
    """Where a sample lies on a map."""

    index: int = Field(description="position within the split", examples=[7])
    label: int = Field(examples=[3])
    x: float = Field(
        description="`pca`: along the first axis, in unit-scaled intensity; `tsne`: an integer from 0 to 65,535",
        examples=[-1.2345],
    )
    y: float = Field(description="likewise; upwards", examples=[0.5432])


class ProjectionPage(OfSplit):
    """Samples in two dimensions."""

    total: int = Field(description="samples of all pages together", examples=[60000])
    kind: MapKind
    fitted: str = Field(description="the split that the map was made of", examples=["train"])
    explained: tuple[float, float] | None = Field(
        description="`pca`: each axis' share of the variance; `tsne`: null", examples=[(0.097, 0.071)]
    )
    points: list[Point]
    links: dict[str, str | None] = Field(description="self, first, prev, next, last")


class Neighbor(BaseModel):
    """A near sample."""

    index: int = Field(examples=[32248])
    label: int = Field(examples=[5])
    distance: float = Field(description="Euclidean distance on raw pixels", examples=[1561.42])
    links: Links


class NeighborList(BaseModel):
    """The nearest samples of one, nearest first."""

    dataset: str = Field(examples=["mnist"])
    split: str = Field(examples=["train"])
    index: int = Field(examples=[0])
    label: int = Field(examples=[5])
    rev: str = Field(examples=["c2069063c110"])
    neighbors: list[Neighbor]
    links: Links


class DrawingNeighbors(OfSplit):
    """The samples that are nearest to a drawing, nearest first."""

    neighbors: list[Neighbor]
    votes: dict[str, int] = Field(
        description="how many of the neighbours are of each class", examples=[{"0": 1, "1": 9}]
    )
    links: Links


class LabelStatistics(BaseModel):
    """One class of a split."""

    label: int = Field(examples=[0])
    name: str = Field(examples=["0"])
    count: int = Field(examples=[5923])
    share: float = Field(description="of the split's samples", examples=[0.0987])
    first_index: int | None = Field(description="of the class's first sample; null where it has none", examples=[1])
    mean: float = Field(description="of raw intensity", examples=[44.2])
    std: float = Field(description="population deviation of raw intensity", examples=[88.7])
    nonzero: float = Field(description="share of pixels that are not zero", examples=[0.245])
    links: Links


class Labels(OfSplit):
    """The classes of a split."""

    total: int = Field(examples=[60000])
    labels: list[LabelStatistics]
    links: Links


class LabelColumn(BaseModel):
    """Statistics of the label column."""

    nan_count: int = Field(0, description="missing values: there are none")
    n_unique: int = Field(examples=[10])
    frequencies: dict[str, int] = Field(examples=[{"0": 5923, "1": 6742}])


class PixelColumn(BaseModel):
    """Statistics of one pixel over a split, on the raw scale."""

    nan_count: int = Field(0, description="missing values: there are none")
    min: int = Field(examples=[0])
    max: int = Field(examples=[255])
    mean: float = Field(examples=[139.1])
    std: float = Field(description="population deviation", examples=[113.5])
    nonzero: float = Field(description="share of samples in which the pixel is not zero", examples=[0.7])


class Column(BaseModel):
    """Statistics of one column."""

    column_name: str = Field(examples=["pixel_14_14"])
    column_type: Literal["class_label", "int"] = Field(examples=["int"])
    column_statistics: LabelColumn | PixelColumn


class Moments(BaseModel):
    """Mean and population standard deviation."""

    mean: float = Field(examples=[0.1306604762738429])
    std: float = Field(examples=[0.3081078038564627])


class PixelStatistics(BaseModel):
    """All pixels of a split taken together."""

    raw: Moments
    unit: Moments
    nonzero: float = Field(description="share of pixels that are not zero", examples=[0.19])
    histogram: list[int] = Field(description="how often each raw value 0…peak occurs", examples=[[38000000, 400]])


class Statistics(OfSplit):
    """Statistics of every column of a split."""

    num_examples: int = Field(examples=[60000])
    statistics: list[Column]
    partial: bool = Field(False, description="whether only a part was looked at: never")
    pixels: PixelStatistics
    links: Links


class Health(BaseModel):
    """How the service is."""

    status: Literal["live", "ready"] = Field(examples=["ready"])
    datasets: dict[str, int] = Field(description="samples in memory", examples=[{"mnist": 70000, "digits": 1797}])


class ProblemKind(BaseModel):
    """What a kind of problem means."""

    type: str = Field(examples=["/problems/not-acceptable"])
    title: str = Field(examples=["There is no such representation"])
    status: int = Field(examples=[406])
    remedy: str = Field(description="what to do")


class ProblemKinds(BaseModel):
    """Every kind of problem."""

    problems: list[ProblemKind]
    links: Links


class BatchPage(OfSplit):
    """One training batch, with what the headers tell."""

    seed: UsedSeed
    epoch: int = Field(examples=[0])
    rank: int = Field(examples=[0])
    start: int = Field(description="samples of the epoch that all ranks have consumed before", examples=[0])
    next_start: int = Field(description="`start` of the next step", examples=[64])
    epoch_samples: int = Field(examples=[60000])
    epoch_steps: int = Field(description="steps from `start` to the end that `stride` takes", examples=[938])
    valid: int = Field(description="rows that are real; those behind them pad the batch", examples=[64])
    columns: list[str] = Field(examples=[["index", "label", "pixels"]])
    rows: list[BatchRow]
    links: dict[str, str | None] = Field(description="self and next; null after the last step")


class EpochPlan(BaseModel):
    """What an epoch will be."""

    epoch_samples: int = Field(description="N", examples=[60000])
    global_batch: int = Field(description="G: batch_size times world_size", examples=[256])
    epoch_steps: int = Field(description="steps from `start` to the end that `stride` takes", examples=[235])
    dropped: int = Field(description="samples at the end that are in no global batch", examples=[0])
    padded: int = Field(description="rows that fill the last step, of all ranks", examples=[0])
    rows_per_rank: list[int] = Field(description="rows of each rank, padding included", examples=[[60000]])


class EpochOrder(BaseModel):
    """The order in which an epoch visits its samples."""

    order: list[int] = Field(description="indices within the split", examples=[[2, 0, 7, 5, 4, 6, 1, 3, 8, 9]])


class Indices(BaseModel):
    """Which samples to take."""

    model_config = ConfigDict(extra="forbid")

    indices: list[int] = Field(description="positions within the split, in the order wanted", examples=[[2, 0, 2]])
