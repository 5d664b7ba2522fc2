"""Error messages for properties that are wrong."""

from __future__ import annotations


def refusal(prop: str, rule: str, got: object, remedy: str) -> ValueError:
    """Return the error for a wrong property: the property, its rule, the value, and what to write instead."""
    shown = got if isinstance(got, str) and got.strip() and got.isprintable() else repr(got)
    return ValueError(f"`{prop}` must {rule}, got {shown}; {remedy}")


def check_class(prop: str, value: object, kind: type, example: str) -> None:
    """Check that a value is of one of the CDK's own classes.

    Args:
        prop: The property.
        value: What was given for it.
        kind: The class.
        example: What to write instead.

    Raises:
        ValueError: It is something else, such as a name or None.
    """
    if not isinstance(value, kind):
        raise refusal(prop, f"be a {kind.__name__}", repr(value), f"write one such as {example}")


def check_construct(prop: str, value: object, interface: str, attribute: str) -> None:
    """Check that a construct of an interface was given; None passes.

    The CDK's interfaces are protocols and its imported constructs of no class, so an attribute is checked.

    Args:
        prop: The property.
        value: What was given for it.
        interface: The interface as it is imported, such as ``kms.IKey``.
        attribute: An attribute that every construct of it has.

    Raises:
        ValueError: Something else was given, such as a name or an ARN.
    """
    if value is not None and not hasattr(value, attribute):
        raise refusal(prop, f"be a construct of type {interface}", repr(value), "make or import one, and give that")
