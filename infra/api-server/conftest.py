"""What the tests of the API's promises share, and what is printed of them at the end."""

import pytest
import schemathesis_run
import server

DONE = pytest.StashKey[list[schemathesis_run.Run]]()


@pytest.fixture(scope="session", autouse=True)
def built() -> None:
    server.build()


@pytest.fixture
def runs(pytestconfig: pytest.Config) -> list[schemathesis_run.Run]:
    """Those that are told of at the end."""
    return pytestconfig.stash.setdefault(DONE, [])


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    if runs := config.stash.get(DONE, []):
        terminalreporter.section("the API against its document")
        for run in runs:
            terminalreporter.write_line(str(run))
        terminalreporter.write_line(f"{sum(run.requests for run in runs)} requests in all")
