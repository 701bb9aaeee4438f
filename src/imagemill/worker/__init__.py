"""The Worker-Service: takes ids, claims jobs, renders, records, until it is told to stop."""
