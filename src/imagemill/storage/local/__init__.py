"""Storage in a folder: a local disk, or a volume that several machines mount."""
