"""Amazon SES SMTP credentials that are worth nothing to a thief, as an AWS CDK construct."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .credential_issuer import CredentialIssuer
    from .issuing.issuer_properties import IssuerProperties
    from .monitoring.leak_alarm import LeakAlarm
    from .monitoring.sends_alarm import SendsAlarm
    from .secure_ses_smtp_user import SecureSesSmtpUser
    from .user_properties import UserProperties

__all__ = ["CredentialIssuer", "IssuerProperties", "LeakAlarm", "SecureSesSmtpUser", "SendsAlarm", "UserProperties"]
__version__ = "0.1.0"

_MODULES = {
    "CredentialIssuer": ".credential_issuer",
    "IssuerProperties": ".issuing.issuer_properties",
    "LeakAlarm": ".monitoring.leak_alarm",
    "SecureSesSmtpUser": ".secure_ses_smtp_user",
    "SendsAlarm": ".monitoring.sends_alarm",
    "UserProperties": ".user_properties",
}


def __getattr__(name: str) -> object:
    """Import a construct on first access, because the CDK starts Node.js, which the command line does not need."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_MODULES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
