"""Input and output: functions that take a connection and never commit."""
