"""KMS keys, as the caller gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from .refusal import check_construct, refusal

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms


def key_behind(prop: str, given: kms.IKey | None) -> kms.IKey | None:
    """Take the key that an alias stands for; a key is taken as it is.

    IAM's statements name keys. One that names an alias allows nothing
    (https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html).

    Args:
        prop: The property that it was given for.
        given: A key, an alias, or None.

    Raises:
        ValueError: It is no construct, or an imported alias, whose key is not known.
    """
    check_construct(prop, given, "kms.IKey", "key_arn")
    if not hasattr(given, "alias_name"):
        return given
    alias = cast("kms.IAlias", given)
    try:
        return alias.alias_target_key
    except RuntimeError:
        rule = "be a key or an alias made here, since IAM allows the use of keys and not of aliases"
        raise refusal(prop, rule, alias.alias_name, "import the key: kms.Key.from_key_arn(…)") from None
