"""The Worker-Service: fetches jobs, executes them and records their results."""
