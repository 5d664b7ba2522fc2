"""The longest rotation interval with which no access key grows older than audits allow."""

from datetime import timedelta

LONGEST_AUDITED = timedelta(days=45)
"""A key lives for two intervals, and CIS and Security Hub's IAM.3 want none older than 90 days."""
