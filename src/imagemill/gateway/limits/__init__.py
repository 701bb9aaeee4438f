"""Limits of the gateway: request rate, uploads, pending jobs, connections, slow clients."""
