"""Secrets Manager: versions, rotation and replicas."""
