"""Error messages for wrong properties."""

from __future__ import annotations

import re


def refusal(prop: str, rule: str, got: object, remedy: str) -> ValueError:
    """Return the error for a wrong property: the property, its rule, the value, and what to write instead."""
    return ValueError(f"`{prop}` must {rule}, got {_shown(got)}; {remedy}")


def wrong_type(prop: str, rule: str, got: object, remedy: str) -> ValueError:
    """Return the error for a value of a wrong type. A string is shown in quotes."""
    return refusal(prop, rule, repr(got) if isinstance(got, str) else got, remedy)


def _shown(got: object) -> str:
    """Return a representation of a value that shows its type and all its characters."""
    if isinstance(got, str):
        return got if _is_plain(got) else repr(got)
    if isinstance(got, list):
        return f"[{', '.join(repr(one) if isinstance(one, str) else _shown(one) for one in got)}]"
    if type(got).__repr__ is not object.__repr__:
        return repr(got)
    path = getattr(getattr(got, "node", None), "path", None)
    name = re.sub(r"^_(\w+)Proxy$", r"\1", type(got).__name__)
    if name == "InterfaceDynamicProxy":  # an imported construct has no class
        name = "CDK" if path is None else "construct"
    return f"{name} {path or 'object'}"


def _is_plain(text: str) -> bool:
    """Return whether a string is clear without quotes."""
    if text != text.strip() or not text.isprintable() or text.startswith(("[", "(", "{")):
        return False
    try:
        float(text)
    except ValueError:
        return text not in {"", "None", "True", "False"}
    return False


def check_class(prop: str, value: object, kind: type, example: str) -> None:
    """Check that a value is an instance of a class of the CDK.

    Args:
        prop: The property.
        value: Its value.
        kind: The class.
        example: An example, for the message.

    Raises:
        ValueError: It is something else, such as a name or None.
    """
    if not isinstance(value, kind):
        raise wrong_type(prop, f"be a {kind.__name__}", value, f"write one such as {example}")


def check_construct(prop: str, value: object, interface: str, attribute: str, *, is_required: bool = False) -> None:
    """Check that a value is a construct of an interface.

    The interfaces of the CDK are protocols, and imported constructs have no class, so an attribute is checked.

    Args:
        prop: The property.
        value: Its value.
        interface: The interface, such as ``kms.IKey``.
        attribute: An attribute that all its constructs have.
        is_required: Whether None is refused. Default: None passes.

    Raises:
        ValueError: Something else was given, such as a name or an ARN.
    """
    if not hasattr(value, attribute) and (is_required or value is not None):
        raise wrong_type(prop, f"be a construct of type {interface}", value, "create or import one, and give it")
