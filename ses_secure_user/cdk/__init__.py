"""Helpers around the CDK: tokens, refusals, IAM statements, KMS keys, logical ids, findings."""
