"""IAM: users, groups, credentials, authorization and simulation."""
