"""The process of the local AWS: ministack, the patches for its differences from AWS, and SES's SMTP endpoints.

`local_aws` starts and ends this process. The two communicate through files in a folder.
"""

import json
import logging
import os
import ssl
import sys
from pathlib import Path

import trustme
from ministack.app import main as serve

from local_aws import patches
from local_aws.ses import names as ses_names
from local_aws.ses.names import Endpoints
from local_aws.ses.smtp_endpoint import SmtpEndpoint

REGIONS = ("us-east-1", "eu-west-1")


def main() -> None:
    folder, *options = sys.argv[1:]
    del sys.argv[1:]  # ministack also reads the command line
    if "--unpatched" not in options:
        patches.install()
    _serve_smtp(Path(folder))
    serve()


def _serve_smtp(folder: Path) -> None:
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # it would log every line of every login
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    endpoints: Endpoints = {}
    for region in REGIONS:
        names, tls = ses_names.names(region), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*names).configure_cert(tls)
        endpoints |= dict.fromkeys(names, SmtpEndpoint(region, tls, folder / "smtp.json").ports)
    (folder / "endpoints.json").write_text(json.dumps(endpoints), encoding="utf-8")
    _lead_to(endpoints, folder / "python")
    # Functions inherit these variables.
    os.environ |= {"SSL_CERT_FILE": str(folder / "ca.pem"), "PYTHONPATH": str(folder / "python")}


def _lead_to(endpoints: Endpoints, folder: Path) -> None:
    """Write the `sitecustomize` module that Python loads at its start from a folder in PYTHONPATH."""
    folder.mkdir()
    text = Path(ses_names.__file__).read_text(encoding="utf-8")
    (folder / "sitecustomize.py").write_text(
        f"{text}\n\nsocket.getaddrinfo = resolver({endpoints})\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
