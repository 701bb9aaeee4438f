"""Tells a job's end to the address that its client gave: which addresses, what, and how often."""
