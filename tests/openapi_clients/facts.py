"""What every client must get of the service, asked for without any of them."""

from hashlib import sha256
from typing import Any

from tests.sites import Site

MNIST, DIGITS = "/v1/datasets/mnist/test", "/v1/datasets/digits/all"
LARGEST = 2**64 - 1

Facts = dict[str, Any]


def digest(site: Site, target: str) -> str:
    """Return the SHA-256 of an answer's bytes."""
    return sha256(site.get(target).body).hexdigest()


def read_facts(site: Site) -> Facts:
    """Read all facts."""
    parts = (describe, read_rows, draw, train, download)
    return {name: fact for part in parts for name, fact in part(site).items()}


def describe(site: Site) -> Facts:
    card = site.get("/v1/datasets/mnist").json
    return {
        "datasets": [card["name"] for card in site.get("/v1/datasets").json["datasets"]],
        "image_shape": card["image_shape"],
        "standard_mean": card["standard"]["mean"],
        "split_count": 10_000,
        "label_counts": [label["count"] for label in site.get(f"{MNIST}/labels").json["labels"]],
        "unit_mean": site.get(f"{DIGITS}/statistics").json["pixels"]["unit"]["mean"],
        "columns": ["LabelColumn", "PixelColumn"],
        "point_x": site.get(f"{DIGITS}/projection?limit=1").json["points"][0]["x"],
    }


def read_rows(site: Site) -> Facts:
    row = site.get(f"{DIGITS}/rows?label=3&limit=2&seed=7").json["rows"][0]
    return {
        "row_index": row["index"],
        "row_label": 3,
        "row_pixels": sum(row["pixels"]),
        "rows_npz": digest(site, f"{DIGITS}/rows?limit=5&format=npz"),
        "rows_parquet": digest(site, f"{DIGITS}/rows?limit=5&format=parquet"),
        "rows_csv": site.get(f"{DIGITS}/rows?limit=5&format=csv").body.decode(),
        "taken": [2, 0, 2],
        "taken_octets": [2, 0, 2],
    }


def draw(site: Site) -> Facts:
    near = site.get(f"{DIGITS}/samples/0/neighbors?k=3").json["neighbors"]
    return {
        "sample_label": 7,
        "neighbors": [one["index"] for one in near],
        "png": digest(site, f"{MNIST}/samples/0.png?scale=2"),
        "svg": site.get(f"{MNIST}/samples/0.svg").body.decode(),
        "grid": digest(site, f"{DIGITS}/grid.png?limit=4"),
        "grid_map": [0, 1, 2, 3],
        "label_mean": digest(site, f"{DIGITS}/labels/3/mean.png"),
    }


def train(site: Site) -> Facts:
    batch = f"{DIGITS}/batches?batch_size=2&format="
    largest = site.get(f"{DIGITS}/order?seed={LARGEST}").json["order"]
    return {
        "batch_seed": str(LARGEST),
        "batch_indices": largest[:2],
        "batch_shape": [1, 8, 8],
        "batch_pixels": sum(site.get(f"{batch}json&layout=flat").json["rows"][0]["pixels"]),
        "batch_npz": digest(site, f"{batch}npz"),
        "plan": 157,
        "order": site.get(f"{DIGITS}/order").json["order"][:10],
        "order_33_bits": site.get(f"{DIGITS}/order?seed=5000000000").json["order"][:10],
        "order_64_bits": largest[:10],
    }


def download(site: Site) -> Facts:
    file = site.get("/v1/datasets/digits/all.npz").body
    return {
        "file": sha256(file).hexdigest(),
        "file_size": len(file),
        "file_part": file[:4].hex(),
        "problem": ["/problems/unknown-resource", "404"],
    }
