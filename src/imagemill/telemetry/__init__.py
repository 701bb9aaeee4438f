"""What operators observe of the services: logs, metrics and traces."""
