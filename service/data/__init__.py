"""What the service is about: cards, datasets, splits, selections, batches. Knows arrays, no HTTP, no file format."""
