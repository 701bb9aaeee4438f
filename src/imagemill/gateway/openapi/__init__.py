"""The OpenAPI document, exact, and the pages that show it to people."""
