"""Redshift: connection, SQL, ledger and load. The only room that knows psycopg2."""
