"""Metrics and alarms of a user and of the account."""
