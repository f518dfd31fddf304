"""Logistic regression on MNIST, trained as the batches come: scikit-learn's partial_fit over one epoch."""

import argparse

from sklearn.linear_model import SGDClassifier

from digits_client import connect


def main() -> None:
    """Train for an epoch, and tell the accuracy on the test split."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the service is")
    parser.add_argument("--seed", type=int, default=7, help="of the order and of the model")
    chosen = parser.parse_args()

    mnist = connect(chosen.url).dataset("mnist")
    model = SGDClassifier(
        loss="log_loss", learning_rate="invscaling", eta0=0.05, power_t=0.25, random_state=chosen.seed
    )
    for batch in mnist["train"].batches(256, seed=chosen.seed, layout="flat", scale="unit", progress=True):
        model.partial_fit(batch.x, batch.y, classes=range(10))

    test = mnist["test"].rows(limit=10_000, layout="flat", scale="unit")
    print(f"accuracy {model.score(test.x, test.y):.4f}")


if __name__ == "__main__":
    main()
