"""The command line: it proves on a live account that a login is restricted, audits others, and ends one that leaked.

It uses boto3 and not the CDK, so that it starts without Node.
"""
