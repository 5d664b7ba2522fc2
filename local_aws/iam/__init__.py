"""IAM as AWS has it: users, groups, credentials, authorization, simulation."""
