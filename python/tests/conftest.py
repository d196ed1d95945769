import json
import os
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

COUNTS = {"passed": 0, "failed": 0, "skipped": 0, "failures": []}


def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        COUNTS[report.outcome] += 1
    if report.outcome == "failed":
        COUNTS["failures"].append({"title": report.nodeid, "message": str(report.longrepr)[-2000:]})


def pytest_sessionfinish(session):
    """For scripts/lib/suites.mjs, as the other suites leave them."""
    if os.environ.get("BACKFLOW_TEST_COUNTS"):
        Path(os.environ["BACKFLOW_TEST_COUNTS"]).write_text(json.dumps(COUNTS), encoding="utf-8")
