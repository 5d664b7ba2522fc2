"""The string forms of CDK tokens: values known only at deployment, which pass every check. The CDK is not used."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

TOKEN = r"\$\{Token\[[^\]]*\]\}"  # noqa: S105 - the CDK's word for a value known at deployment
LIST_TOKEN = "#{Token["  # noqa: S105 - the CDK's mark of a list that is known at deployment


STAND_IN = r"dummy-value-for-.*|vpc-12345|1\.2\.3\.4/5"
"""The values that the CDK returns until a context lookup, such as ``Vpc.from_lookup``, has finished
(https://docs.aws.amazon.com/cdk/v2/guide/context.html).
"""


def is_marked(value: object) -> bool:
    """Return whether a string contains a token, or is a placeholder for a context lookup."""
    return isinstance(value, str) and (re.search(TOKEN, value) or re.fullmatch(STAND_IN, value)) is not None


def is_list_token(values: Sequence[str]) -> bool:
    """Return whether a list is a list token, which has one element."""
    return len(values) == 1 and values[0].startswith(LIST_TOKEN)


def literals(values: Sequence[str]) -> tuple[str, ...]:
    """Return the values without tokens."""
    return () if is_list_token(values) else tuple(value for value in values if not is_marked(value))
