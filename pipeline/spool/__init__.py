"""The local disk, where rows wait between MySQL and S3."""
