"""The gallery: every field of an output, shown on pictures that are drawn for it.

`make gallery` draws the samples, renders each card's pipeline as a worker would, and writes
`docs/gallery`. A card is data; a new field needs one in the file of its group in `cards/`.
"""
