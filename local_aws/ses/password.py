"""The SMTP password of SES, derived independently of the product. The algorithm is Signature Version 4 with a fixed
date."""

import base64

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

PUBLISHED = [
    ("some+secret+key", "eu-central-1", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"),
    ("another+secret+key", "us-west-1", "BKVmjjMDFk/qqw8EROW99bjCS65PF8WKvK5bSr4Y6EqF"),
]
"""Secret access keys, regions and passwords that terraform-provider-aws publishes (iam/access_key_test.go)."""


def smtp_password(secret_access_key: str, region: str) -> str:
    """Derive the password with the signer of botocore."""
    request = AWSRequest()
    request.context["timestamp"] = "11111111T000000Z"
    signer = SigV4Auth(Credentials("-", secret_access_key), "ses", region)
    return base64.b64encode(b"\x04" + bytes.fromhex(signer.signature("SendRawEmail", request))).decode()
