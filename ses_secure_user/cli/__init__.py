"""The command line: proof on a live account that a login is restricted, and what every other login is worth.

It knows boto3 and nothing of the CDK, so that it starts without Node.
"""
