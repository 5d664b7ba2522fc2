"""How a wrong property is refused."""


def refusal(prop: str, rule: str, got: object, remedy: str) -> ValueError:
    """Word a refusal: the property, its rule, the value, what to write instead."""
    shown = got if isinstance(got, str) and got.strip() and got.isprintable() else repr(got)
    return ValueError(f"`{prop}` must {rule}, got {shown}; {remedy}")


def check_kind(prop: str, value: object, kind: str, attribute: str) -> None:
    """Check that a construct or constant was given, by an attribute that its kind has; None passes.

    Raises:
        ValueError: Something else was given, such as a name or an ARN.
    """
    if value is not None and not hasattr(value, attribute):
        raise refusal(prop, f"be of type {kind}", repr(value), "give one itself, not its name")
