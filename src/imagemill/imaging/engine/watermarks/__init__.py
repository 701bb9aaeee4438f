"""The images that watermarks are made of: drawn text, and files of the assets folder."""
