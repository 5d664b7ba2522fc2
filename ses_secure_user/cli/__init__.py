"""The command line, which proves that a login is restricted, audits access keys, and revokes a leaked login.

It uses boto3 and not the CDK, so it runs without Node.js.
"""
