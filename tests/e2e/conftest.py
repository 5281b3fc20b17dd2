"""Fixtures: `world` makes nodes and ends them; a node that did not end well fails its test."""

import os
import random

import pytest

import world as worlds


def pytest_configure(config):
    for program in (worlds.TUYAU, worlds.TUYAUD):
        if not os.access(program, os.X_OK):
            pytest.exit(f"{program} is not there: set TUYAU_BIN to the directory of the programs", 2)
    worlds.adopt_orphans()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    world = item.funcargs.get("world") if hasattr(item, "funcargs") else None
    if report.failed and world is not None:
        report.sections.extend(world.logs())


@pytest.fixture
def world():
    made = worlds.World()
    yield made
    problems = made.close()
    assert not problems, "\n".join(problems)


@pytest.fixture
def dice():
    """Random choices that can be made again: TUYAU_SEED=... pytest-3 ..."""
    seed = int(os.environ.get("TUYAU_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"TUYAU_SEED={seed}")
    return random.Random(seed)


@pytest.fixture(scope="session", autouse=True)
def nobody_stays():
    """No test leaves a process."""
    yield
    left = worlds.children()
    assert not left, f"processes left: {left}"
