"""What is loaded: the ledger in the warehouse, and the watermark derived from it."""
