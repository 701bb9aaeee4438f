"""Storage of inputs and outputs: one protocol and its backends."""
