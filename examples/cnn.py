"""A small convolutional network on MNIST with PyTorch: one epoch, one stream."""

import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader

from digits_client import connect
from digits_client.torch import Stream, to_tensors


def network() -> nn.Sequential:
    """Two convolutions and two dense layers: 206,922 weights."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )


def main() -> None:
    """Train, and tell the accuracy on the test split."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the service is")
    parser.add_argument("--seed", type=int, default=7, help="of the order and of the weights")
    parser.add_argument("--epochs", type=int, default=1, help="passes over the training split")
    parser.add_argument("--workers", type=int, default=0, help="processes of the DataLoader; the order is the same")
    chosen = parser.parse_args()

    torch.manual_seed(chosen.seed)
    mnist = connect(chosen.url).dataset("mnist")
    stream = Stream(mnist["train"].batches(64, seed=chosen.seed, layout="chw", scale="standard"))
    loader = DataLoader(stream, batch_size=None, num_workers=chosen.workers)
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=chosen.epochs * len(stream))
    for epoch in range(chosen.epochs):
        stream.set_epoch(epoch)
        for x, y in loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
            schedule.step()

    x, y = to_tensors(mnist["test"].rows(limit=10_000, layout="chw", scale="standard"))
    with torch.no_grad():
        right = (model.eval()(x).argmax(1) == y).float().mean()
    print(f"accuracy {right:.4f}")


if __name__ == "__main__":
    main()
