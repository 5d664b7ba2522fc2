"""Resolution of SES's names and ports to the local endpoints, without a name server.

The module imports nothing from this repository, because other processes, such as functions, load its text as
`sitecustomize`.
"""

import socket
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

Endpoints = dict[str, dict[str, int]]
"""The local ports, by name or name pattern and by SES's port."""


def names(region: str) -> tuple[str, ...]:
    """Return the names in the certificate of a region's endpoint. The last one is for all VPC endpoints."""
    return (
        f"email-smtp.{region}.amazonaws.com",
        f"email-smtp-fips.{region}.amazonaws.com",
        f"email-smtp.{region}.api.aws",
        f"email-smtp-fips.{region}.api.aws",
        f"*.email-smtp.{region}.vpce.amazonaws.com",
    )


def resolver(endpoints: Endpoints) -> Callable[..., list[Any]]:
    """Return a replacement for `socket.getaddrinfo`, which every connection calls."""
    original: Callable[..., list[Any]] = socket.getaddrinfo

    def resolve(host: object, port: object, *options: int, **named: int) -> list[Any]:
        if not isinstance(host, str) or "email-smtp" not in host.lower():
            return original(host, port, *options, **named)
        ports = next((ports for name, ports in endpoints.items() if fnmatchcase(host.lower(), name)), {})
        if str(port) not in ports:
            raise socket.gaierror(socket.EAI_NONAME, f"{host}:{port} is not an endpoint of the local AWS")
        return original("127.0.0.1", ports[str(port)], *options, **named)

    return resolve
