"""The steps of the pipeline, one verb per module: functions on values and stores, without Luigi."""
