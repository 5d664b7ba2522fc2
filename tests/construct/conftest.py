"""Fixtures: an app, and a stack with a known account and region."""

import aws_cdk as cdk
import pytest

from tests.construct.users import HERE


@pytest.fixture
def app() -> cdk.App:
    return cdk.App(analytics_reporting=False, context={"aws:cdk:disable-asset-staging": True})


@pytest.fixture
def stack(app: cdk.App) -> cdk.Stack:
    return cdk.Stack(app, "Stack", env=HERE)
