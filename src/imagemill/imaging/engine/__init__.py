"""The engine: decodes a picture, renders its outputs, verifies them. Runs in an image process."""
