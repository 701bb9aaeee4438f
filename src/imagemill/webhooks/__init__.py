"""Webhooks: a signed HTTP request to the client's callback URL at each end of a job."""
