"""What the processes of one run share."""
