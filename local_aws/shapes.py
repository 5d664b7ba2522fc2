"""Types for requests and responses of AWS, for which boto3 and ministack have no precise types."""

from collections.abc import Callable
from typing import Any, TypeAlias

Anything: TypeAlias = Any
Client: TypeAlias = Any
Json = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]
Action = Callable[[Json], Answer]
Resource = tuple[str, Json]
