"""The local AWS: ministack, the patches that close its differences from AWS, and SES's SMTP endpoints.

One process, which `local_aws` starts and ends; the folder it is given is how the two talk.
"""

import json
import logging
import os
import ssl
import sys
from pathlib import Path

import trustme
from ministack.app import main as serve

from tests.deploy import patches
from tests.deploy.smtp_endpoint import SmtpEndpoint

REGIONS = ("us-east-1", "eu-west-1")


def main() -> None:
    folder, *options = sys.argv[1:]
    del sys.argv[1:]  # ministack reads the command line too
    if "--unpatched" not in options:
        patches.install()
    _serve_smtp(Path(folder))
    serve()


def _serve_smtp(folder: Path) -> None:
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # it would tell every line of every login
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    os.environ["SSL_CERT_FILE"] = str(folder / "ca.pem")  # for the functions, which inherit it
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(tls)
    ports = {region: SmtpEndpoint(region, tls, folder / "smtp.json").port for region in REGIONS}
    (folder / "ports.json").write_text(json.dumps(ports))


if __name__ == "__main__":
    main()
