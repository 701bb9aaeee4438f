"""FastAPI dependencies that authenticate requests: by API key, by signed link, or anonymously."""
