"""Luigi wiring: tasks, ranges, targets, and the hooks into Luigi's command line."""
