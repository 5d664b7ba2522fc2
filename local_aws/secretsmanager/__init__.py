"""Secrets Manager as AWS has it: versions, rotation, replicas."""
