"""SES: identities, and the SMTP endpoint that authorizes each mail."""
