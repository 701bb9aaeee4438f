"""The steps from a decoded picture to one that is ready to be encoded, one a file.

Each has one function, `apply(picture, output) -> picture`. A step not asked for returns its input.
What it does to a frame it leaves to `Picture.changed`, so that no two frames of an animation mix.
Their order is the list in `engine.py`.
"""
