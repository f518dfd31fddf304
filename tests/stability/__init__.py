"""What docs/stability.md promises, recorded in `v1.json`, and whether it still holds."""
