"""What is noted of every request: its id, its line in the log, its metrics, its span."""
