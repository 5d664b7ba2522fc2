"""The command line: it proves on a live account that a login is restricted, and audits every other login.

It uses boto3 and not the CDK, so that it starts without Node.
"""
