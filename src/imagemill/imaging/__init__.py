"""Rendering of images: pipelines, the engine, and the image processes that it runs in.

It imports no job store, no database and no network. Other rooms use `spec`, `formats`, `limits`,
`errors`, `result` and `sandbox`, which never load libvips. All else runs in image processes.
"""
