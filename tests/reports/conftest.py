"""Links of tests to public reports; `make reports` prints them with the outcomes."""

from __future__ import annotations

import pytest
from support.kernel_fixtures import kernel, peer, server, started
from support.reports import find_links

__all__ = ["kernel", "peer", "server", "started"]  # fixtures that are found here
PROPERTY = "report"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--links", action="store_true", help="print the public reports of the tests")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Attach the links to each test, also in workers of pytest-xdist. Every test here needs a link."""
    for item in items:
        if item.path.parent.name == "reports":
            links = find_links(item)
            assert links, f"{item.nodeid} names no report"
            item.user_properties += [(PROPERTY, link) for link in links]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print outcome, link and name of each test. The worst outcome of its inputs counts."""
    if not config.getoption("links", default=False):
        return
    outcomes = {
        (link, each.nodeid.partition("::")[2].partition("[")[0]): outcome
        for outcome in ("passed", "failed", "error")
        for each in terminalreporter.stats.get(outcome, [])
        for name, link in each.user_properties
        if name == PROPERTY
    }
    terminalreporter.section("public reports")
    for (link, test), outcome in sorted(outcomes.items()):
        terminalreporter.line(f"{outcome:6}  {link}  {test}")
    terminalreporter.line(f"{len({link for link, _ in outcomes})} reports")
