"""The part of kustomize that deploy/kubernetes uses; a test compares it with kustomize where that is installed.

Resources of files and folders, `namespace`, one label with selectors, `images`, and patches whose lists are merged by
the name of their items.
"""

import copy
from pathlib import Path
from typing import Any

import yaml

Resource = dict[str, Any]
"""An object of Kubernetes."""

KNOWN = {"apiVersion", "kind", "resources", "labels", "namespace", "images", "patches"}
"""Fields of a kustomization that are understood."""


def read_documents(file: Path) -> list[Resource]:
    """The objects in a file."""
    return list(yaml.safe_load_all(file.read_text(encoding="utf-8")))


def build(folder: Path) -> list[Resource]:
    """The objects that a folder describes.

    Raises:
        ValueError: a field is not understood, or a patch fits no object.
    """
    (found,) = read_documents(folder / "kustomization.yaml")
    if unknown := found.keys() - KNOWN:
        raise ValueError(f"{folder} has the fields {unknown}, which are not understood here.")
    resources: list[Resource] = []
    for name in found["resources"]:
        place = folder / name
        resources += build(place) if place.is_dir() else read_documents(place)
    for label in found.get("labels", []):
        resources = [add_labels(one, label["pairs"]) for one in resources]
    for patch in found.get("patches", []):
        for change in read_documents(folder / patch["path"]):
            resources = apply_patch(resources, change)
    for resource in resources:
        set_images(resource, found.get("images", []))
        if "namespace" in found and resource["kind"] != "Namespace":
            resource["metadata"]["namespace"] = found["namespace"]
    return resources


def add_labels(resource: Resource, labels: dict[str, str]) -> Resource:
    """The object with labels; those of a Deployment and of a Service also in selectors, which no other kind gets."""
    resource = copy.deepcopy(resource)
    spec = resource["spec"]
    add_to = [resource["metadata"].setdefault("labels", {})]
    match resource["kind"]:
        case "Deployment":
            add_to += [
                spec.setdefault("selector", {}).setdefault("matchLabels", {}),
                spec["template"].setdefault("metadata", {}).setdefault("labels", {}),
            ]
        case "Service":
            add_to.append(spec.setdefault("selector", {}))
    for place in add_to:
        place.update(labels)
    return resource


def apply_patch(resources: list[Resource], change: Resource) -> list[Resource]:
    """The objects, one of them changed."""

    def fits(one: Resource) -> bool:
        return (one["kind"], one["metadata"]["name"]) == (change["kind"], change["metadata"]["name"])

    if sum(map(fits, resources)) != 1:
        raise ValueError(f"A patch of {change['kind']} {change['metadata']['name']} fits no object.")
    return [merge(one, change) if fits(one) else one for one in resources]


def merge(old: Any, new: Any) -> Any:  # noqa: ANN401 - JSON
    """A value with another merged into it; the items of lists are merged by name."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{key: merge(old.get(key), value) for key, value in new.items()}}
    if isinstance(old, list) and isinstance(new, list):
        names = {one["name"]: one for one in old}
        changed = [merge(names.pop(one["name"], None), one) for one in new]
        kept = [one for one in old if one["name"] in names]
        return kept + changed if len(kept) + len(new) > len(old) else changed
    return new


def set_images(resource: Resource, images: list[dict[str, str]]) -> None:
    """Replace names of images."""
    spec = resource.get("spec", {}).get("template", {}).get("spec", {})
    for container in spec.get("containers", []):
        for image in images:
            if container["image"] == image["name"]:
                container["image"] = f"{image['newName']}:{image['newTag']}"
