"""The README of a repository: YAML that the Hub's libraries read, and Markdown for people."""

from collections.abc import Iterator, Mapping
from json import dumps

from service.data.card import Card

README = "README.md"
"""Its path."""

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"))
"""The Hub's words for numbers of samples, each with its bound."""


def write_readme(name: str, card: Card, splits: Mapping[str, str]) -> bytes:
    """The README of the repository `name`, whose splits are those of `card` by other names."""
    return "\n".join([*_write_front_matter(card, splits), *_write_text(name, card, splits), ""]).encode()


def name_licence(card: Card) -> str:
    """The Hub's word for the licence: `cc-by-4.0`."""
    return card.licence.name.lower().replace(" ", "-")


def name_size(card: Card) -> str:
    """The Hub's word for the number of samples."""
    count = len(card.splits["all"])
    return next(word for bound, word in SIZES if count < bound)


def _write_front_matter(card: Card, splits: Mapping[str, str]) -> Iterator[str]:
    """The lines between the two rulers.

    It tells no sizes of splits: a library that finds them compares them with what it downloads and builds itself.
    """
    yield "---"
    yield f"pretty_name: {dumps(card.title)}"
    yield f"license: {name_licence(card)}"
    yield from ("task_categories:", "- image-classification")
    yield from ("size_categories:", f"- {name_size(card)}")
    yield from ("dataset_info:", f"  config_name: {card.name}", "  features:")
    yield from ("  - name: image", "    dtype: image")
    yield from ("  - name: label", "    dtype:", "      class_label:", "        names:")
    yield from (f"          '{number}': '{label}'" for number, label in enumerate(card.classes))
    yield from ("configs:", f"- config_name: {card.name}", "  data_files:")
    for split in splits:
        yield from (f"  - split: {split}", f"    path: {card.name}/{split}-*")
    yield "  default: true"
    yield "---"


def _write_text(name: str, card: Card, splits: Mapping[str, str]) -> Iterator[str]:
    yield from ("", f"# {card.title}", "", card.summary, "", card.description, "")
    yield from ("## Data", "", "| split | samples |", "|---|---|")
    yield from (f"| `{split}` | {len(card.splits[source]):,} |" for split, source in splits.items())
    yield from ("", f"- `image`: a grey PNG of {card.height}×{card.width} pixels. {_explain_pixels(card)}")
    yield from ("- `label`: the class, an integer.", "", "## Provenance", "")
    yield (
        f"This copy of `{name}` comes from a mirror that keeps the original data in memory. Pixels, labels and their "
        f"order are the original ones; images and labels, a byte each, have the SHA-256 `{card.digest}`. The mirror "
        "makes the pictures and the Parquet files itself, so their bytes and checksums are not those of other copies."
    )
    yield from ("", *(f"- [{source.title}]({source.url})" for source in card.sources), "")
    yield from ("## Licence", "", f"[{card.licence.name}]({card.licence.url}). {card.licence.note}", "")
    yield from ("## Citation", "", card.citation)


def _explain_pixels(card: Card) -> str:
    if card.peak == 255:
        return "Its values are the original ones, 0…255."
    return (
        f"An original value v of 0…{card.peak} is the grey round(v · 255 / {card.peak}) there; "
        f"round(grey · {card.peak} / 255) gives it back."
    )
