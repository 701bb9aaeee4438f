"""API keys: what they are, how they are recognised, and their table."""
