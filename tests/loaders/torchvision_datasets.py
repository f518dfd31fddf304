"""torchvision's datasets, also beside a build of torch for CPUs.

The wheel of torchvision for Linux is built for CUDA. Beside a torch without it, its compiled operators cannot be
loaded, and its import fails where it refers to two of them. Datasets use no operator, so these two are declared,
without code.
"""

import torch

OPERATORS = ("nms", "qnms")
"""The operators that the import refers to."""

try:
    import torchvision
except RuntimeError:  # operator torchvision::nms does not exist
    declared = torch.library.Library("torchvision", "DEF")
    for name in OPERATORS:
        declared.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision

MNIST = torchvision.datasets.MNIST
check_integrity = torchvision.datasets.utils.check_integrity
