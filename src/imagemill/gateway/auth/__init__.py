"""Who is let in, to what: by API keys, by signed links, by where the gateway listens."""
