"""What can be said of a picture besides its outputs: one analysis a file.

Most are plain functions from the pixels of a thumbnail to a value. They are plain Python too:
docs/decisions/0005-analyses-in-plain-python.md says why.
"""
