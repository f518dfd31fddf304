"""How answers are served: reading, conditions, negotiation, caching, threads. Knows no dataset and no file format."""
