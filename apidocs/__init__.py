"""Writes docs/api.md, the HTTP API for people, from the OpenAPI document and nothing else.

Whatever a route declares is on the page; nothing is written here that is true of one route alone.
"""
