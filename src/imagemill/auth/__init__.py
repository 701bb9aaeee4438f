"""API keys and signed links: what they are, how they are verified, and their tables."""
