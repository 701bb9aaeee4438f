"""Metadata of pictures: EXIF, XMP, IPTC and GPS position, and what an output keeps of them."""
