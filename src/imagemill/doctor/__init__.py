"""`imagemill doctor`: what differs between ledger, line and storage, and what to do about it."""
