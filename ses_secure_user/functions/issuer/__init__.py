"""The Lambda function that issues SES SMTP credentials. It does not import from the rest of the package."""
