"""What operators see of the services: logs, metrics, traces."""
