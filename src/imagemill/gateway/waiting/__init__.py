"""Requests and streams that wait for jobs to change."""
