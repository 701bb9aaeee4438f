"""The steps from a decoded picture to one that is ready to be encoded, one a file.

Each has one function, `apply(picture, output) -> picture`. A step not asked for returns its input.
Their order is the list in `engine.py`.
"""
