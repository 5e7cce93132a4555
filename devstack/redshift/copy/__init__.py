"""COPY from S3, run by the proxy: options, sources, CSV, Parquet, types, errors."""
