"""Loaders of other people, unmodified, read MNIST and digits from the mirrors. `make test-loaders` runs these tests."""
