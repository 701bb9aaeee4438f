"""The sandbox: the pool of image processes, the protocol with them, their confinement."""
