"""COPY from S3, carried out by the proxy: options, sources, CSV, Parquet, types, errors."""
