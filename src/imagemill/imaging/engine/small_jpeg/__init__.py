"""Small JPEGs without libvips, whose preparations take longer than the pixels of a small picture.

libjpeg-turbo decodes (by simplejpeg), fast_image_resize scales (by cykooz-resizer), libjpeg-turbo
encodes (by Pillow). What is decoded are the pixels that libvips decodes, and the encoder makes the
file that libvips makes of the same pixels. Scaled levels differ by rounding.

`obstacles.py` says what is done this way. All else, and each file that is damaged or that a library
refuses for any reason, is left to libvips: only there is decided what is an invalid image.
"""
