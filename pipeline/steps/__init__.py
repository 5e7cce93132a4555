"""The steps of the pipeline, one per module: functions on values and stores, without Luigi."""
