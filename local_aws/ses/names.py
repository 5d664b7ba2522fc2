"""SES's names and ports lead to the endpoints of the local AWS, and no name server is asked for one of them.

It imports nothing of the tests: its text is what a process loads as `sitecustomize`, such as that of a function.
"""

import socket
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

Endpoints = dict[str, dict[str, int]]
"""By the name, or a pattern of it, and by SES's port: the port on this machine."""


def names(region: str) -> tuple[str, ...]:
    """The names of a region's endpoint, as its certificate has them: the last one stands for all VPC endpoints."""
    return (
        f"email-smtp.{region}.amazonaws.com",
        f"email-smtp-fips.{region}.amazonaws.com",
        f"email-smtp.{region}.api.aws",
        f"email-smtp-fips.{region}.api.aws",
        f"*.email-smtp.{region}.vpce.amazonaws.com",
    )


def resolver(endpoints: Endpoints) -> Callable[..., list[Any]]:
    """Give what stands in for `socket.getaddrinfo`, which every connection asks."""
    original: Callable[..., list[Any]] = socket.getaddrinfo

    def resolve(host: object, port: object, *options: int, **named: int) -> list[Any]:
        if not isinstance(host, str) or "email-smtp" not in host.lower():
            return original(host, port, *options, **named)
        ports = next((ports for name, ports in endpoints.items() if fnmatchcase(host.lower(), name)), {})
        if str(port) not in ports:
            raise socket.gaierror(socket.EAI_NONAME, f"{host}:{port} is no endpoint of the local AWS")
        return original("127.0.0.1", ports[str(port)], *options, **named)

    return resolve
