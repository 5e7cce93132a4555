"""An Amazon Redshift stand-in: a PostgreSQL-wire proxy in front of an embedded PostgreSQL."""
