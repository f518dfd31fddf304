"""Benchmarks: the service beside a bare application, on one core, in ratios. `make bench` runs them."""
