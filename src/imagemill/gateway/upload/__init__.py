"""Uploads: from the streaming body of a request to an accepted job."""
