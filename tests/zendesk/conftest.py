"""The fake account, and what is landed of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import tallymark

from .desk import helpdesk
from .fake_zendesk import TOKEN, FakeZendesk
from .syncing import SECRET, Account, write_project


@pytest.fixture(scope="session", autouse=True)
def _quiet() -> Iterator[None]:
    """The token is in the environment, and dlt tells nobody that it runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
        patch.setenv(SECRET, TOKEN)
        yield


@pytest.fixture
def fake() -> Iterator[FakeZendesk]:
    """The help desk of `desk.py`, for a test to change."""
    with FakeZendesk(helpdesk()) as server:
        yield server


@pytest.fixture
def account(fake: FakeZendesk, tmp_path: Path) -> Account:
    """Nothing landed yet of `fake`."""
    return Account(fake, tmp_path)


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """The help desk of `desk.py`, landed once, with views; not to be changed."""
    folder = tmp_path_factory.mktemp("landed")
    with FakeZendesk(helpdesk()) as server:
        account = Account(server, folder, fields={"severity": 36001, "colours": 36002})
        account.sync()
        account.look()
        yield account


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with what the starter writes, synced with the help desk of `desk.py`; not to be changed."""
    folder = tmp_path_factory.mktemp("synced")
    with FakeZendesk(helpdesk()) as server:
        write_project(folder, server, fields={"severity": 36001})
        tallymark.sync(folder)
    return folder
