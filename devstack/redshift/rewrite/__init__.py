"""Rewriting of Redshift statements into what the embedded PostgreSQL understands."""
