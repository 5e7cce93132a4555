"""What people use beside Luigi: ``python -m pipeline …`` and its reports."""
