"""How a wrong property is refused."""


def refusal(prop: str, rule: str, got: object, remedy: str) -> ValueError:
    """Word a refusal: the property, its rule, the value, what to write instead."""
    shown = got if isinstance(got, str) and got.strip() and got.isprintable() else repr(got)
    return ValueError(f"`{prop}` must {rule}, got {shown}; {remedy}")
