"""Metadata of pictures: EXIF, XMP, IPTC, position, and what of them an output keeps."""
