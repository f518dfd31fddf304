"""What the service is about: cards, datasets, selections, batches. Knows numpy, no HTTP, no file format."""
