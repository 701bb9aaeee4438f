"""libjxl, the reference codec of JPEG XL, by its C interface; see `library`, `structures`."""
