"""MySQL: connection, SQL, tables, replication and the stream of rows. The only room that knows PyMySQL."""
