"""S3: the bucket, its keys, and every object in it."""
