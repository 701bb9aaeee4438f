"""The steps from a decoded picture to one that is ready to be encoded, one a file.

Each has one function, `apply(picture, output) -> picture`. A step that the output does not ask for
returns its input. Pixels are changed through `Picture.map_frames`, so that frames of an animation
never mix. The order is the list `STEPS` in `engine/render.py`.
"""
