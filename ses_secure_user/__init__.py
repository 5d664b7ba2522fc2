"""Amazon SES SMTP credentials that are worth nothing to a thief, as an AWS CDK construct."""

from .credential_issuer import CredentialIssuer
from .leak_alarm import LeakAlarm
from .secure_ses_smtp_user import SecureSesSmtpUser

__all__ = ["CredentialIssuer", "LeakAlarm", "SecureSesSmtpUser"]
__version__ = "0.1.0"
