"""Recognising hand-written digits as scikit-learn's documentation does it, with the data from the service.

https://scikit-learn.org/stable/auto_examples/classification/plot_digits_classification.html
"""

import argparse

from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

from digits_client import connect


def main() -> None:
    """Train on the first half, and tell the accuracy on the second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the service is")
    chosen = parser.parse_args()

    data, target = connect(chosen.url).load_digits(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(data, target, test_size=0.5, shuffle=False)
    model = SVC(gamma=0.001).fit(x_train, y_train)
    print(f"accuracy {model.score(x_test, y_test):.4f}")


if __name__ == "__main__":
    main()
