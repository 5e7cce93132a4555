"""Rewriting of Redshift's statements for the embedded PostgreSQL."""
