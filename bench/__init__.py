"""Measurements of the service; each module with a `main` is one of `make bench…`."""
