"""Hypothesis strategies: tables, their column types and values, and cells as a server sends them."""
