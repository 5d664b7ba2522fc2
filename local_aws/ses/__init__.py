"""SES as AWS has it: identities, and the SMTP endpoint that judges each mail."""
