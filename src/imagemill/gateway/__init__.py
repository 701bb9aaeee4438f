"""The API-Gateway: HTTP in; ledger, line and storage behind it."""
