"""imagemill: durable image jobs over HTTP."""
