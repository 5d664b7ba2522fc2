"""The Lambda function that issues SES SMTP credentials; deployed alone, so it imports nothing of the package around."""
