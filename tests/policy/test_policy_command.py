"""`clausebot policy check`: what a lawyer who edits the file sees."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.conftest import clean_environment

EXAMPLE = Path(__file__).parents[2] / "deploy" / "policy.example.yaml"


def check(file: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Run it."""
    command = [sys.executable, "-m", "bot.cli", "policy", "check", str(file)]
    return subprocess.run(command, env=clean_environment(home), capture_output=True, text=True, check=False, timeout=60)


def test_the_example_is_without_fault(knowledge_home: Path) -> None:
    """It names licences and models that are really known."""
    done = check(EXAMPLE, knowledge_home)

    assert done.returncode == 0, done.stderr
    assert "no fault" in done.stdout


def test_faults_are_named_with_their_lines(tmp_path: Path, knowledge_home: Path) -> None:
    """All at once, each a sentence; a file that is not there is one, too."""
    file = tmp_path / "policy.yaml"
    file.write_text("company: {name: X}\nrules:\n- {id: a, then: forbid}\n", encoding="utf-8")
    done, none = check(file, knowledge_home), check(tmp_path / "none.yaml", knowledge_home)

    assert (done.returncode, none.returncode) == (2, 2)
    assert "policy.yaml:3" in done.stderr
    assert "forbid" in done.stderr
    assert "Traceback" not in done.stderr + none.stderr
