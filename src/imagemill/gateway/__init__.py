"""The API-Gateway: the HTTP API in front of PostgreSQL, the queue and storage."""
