"""The sandbox: image processes, the pool of them, the protocol spoken with them, and their confinement."""
