"""What protects the gateway from too much: requests, uploads, jobs, and clients without haste."""
