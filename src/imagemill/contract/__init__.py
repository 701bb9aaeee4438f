"""What clients are told of a job, over HTTP and in webhooks alike."""
