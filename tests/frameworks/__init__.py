"""The adapters of the Python client, with the frameworks themselves, in an environment of their own."""
