"""The shapes that go in and out of AWS here; neither boto3 nor ministack gives them closer types."""

from collections.abc import Callable
from typing import Any, TypeAlias

Anything: TypeAlias = Any
Client: TypeAlias = Any
Json = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]
Action = Callable[[Json], Answer]
Resource = tuple[str, Json]
