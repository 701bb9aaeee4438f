"""Where bytes live. Knows no jobs, no HTTP and no pixels."""
