"""Helpers around the CDK: tokens, refusals, IAM statements, KMS keys, findings, constructs that restrictions take."""
