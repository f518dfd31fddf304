"""Training batches and samples for PyTorch and the trainers that are made of it. Only this package imports torch.

from digits_client.torch import Loader

loader = Loader(train.batches(256, seed=7, layout="chw", scale="unit"), num_workers=2)
for epoch in range(3):
    for x, y in loader: ...

`Stream` is the dataset within, for a DataLoader of one's own; `Samples` and `OrderSampler` give single samples.
"""

from digits_client.torch.loader import Loader
from digits_client.torch.samples import OrderSampler, Samples
from digits_client.torch.stream import Stream, to_tensors

__all__ = ["Loader", "OrderSampler", "Samples", "Stream", "to_tensors"]
