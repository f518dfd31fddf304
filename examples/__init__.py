"""Short programs that read from a running service: `python -m examples.linear --url http://127.0.0.1:8000`."""
