"""The analyses of a picture, one a file.

Most are pure functions from the pixels of a thumbnail to a value. They are plain Python:
docs/decisions/0005-analyses-in-plain-python.md says why.
"""
