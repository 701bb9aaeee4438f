"""Request ids, access log, metrics and traces of requests."""
