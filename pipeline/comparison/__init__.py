"""What of a table is loaded: source, lake and warehouse, by row counts and checksums."""
