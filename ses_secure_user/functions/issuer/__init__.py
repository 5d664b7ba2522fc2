"""The Lambda function that issues SES SMTP credentials. It is deployed alone, so it imports nothing around it."""
