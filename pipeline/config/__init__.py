"""Settings and table definitions: the only reader of luigi.cfg, configs/ and the environment."""
