"""What a job is and the life it may lead: the ledger, the line. Knows no HTTP and no pixels."""
