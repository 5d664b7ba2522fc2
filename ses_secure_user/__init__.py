"""Amazon SES SMTP credentials that are worth nothing to a thief, as an AWS CDK construct."""

from .secure_ses_smtp_user import SecureSesSmtpUser

__all__ = ["SecureSesSmtpUser"]
