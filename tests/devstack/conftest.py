"""A source and a lake for the tests of this directory; most need no more."""

from collections.abc import Iterator

import pytest

from devstack.stack import Stack, running_stack


@pytest.fixture(scope="session")
def small_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("small-stack"), redshift=False) as stack:
        yield stack
