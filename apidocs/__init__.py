"""Writes docs/api.md, the reference of the HTTP API, from the OpenAPI document alone.

Everything that a route declares is on the page; nothing here is about a single route.
"""
