"""The folder on PYTHONPATH that keeps loaders from other machines."""
