"""The longest rotation interval at which no access key becomes older than audits allow."""

from datetime import timedelta

LONGEST_AUDITED = timedelta(days=45)
"""A key exists for two intervals. CIS and Security Hub's IAM.3 allow 90 days."""
