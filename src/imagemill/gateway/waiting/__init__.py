"""Waiting for jobs: one reader a process for all who wait, so that none polls by itself."""
