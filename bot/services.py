"""Opens and wires everything: the composition root. What a command does not use is not opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Engine

import bot.audit.models  # noqa: F401  # its tables belong to the schema
from bot.settings import Settings
from knowledge.catalog import Catalog
from knowledge.database import open_database
from knowledge.models import Passage
from knowledge.store import KnowledgeStore

if TYPE_CHECKING:
    from bot.answering.answerer import Answerer
    from bot.answering.wording import Writer
    from bot.audit.anchors import Anchors, Signer
    from bot.audit.log import AuditLog
    from bot.policy.file import PolicyFile
    from bot.policy.known import Known
    from bot.policy.rulebook import Rulebook
    from ingestion.pipeline import IngestReport, Progress
    from ingestion.sources.interface import Source
    from knowledge.chroma import VectorStore
    from knowledge.embedding import Embedder
    from knowledge.models_folder import Export
    from knowledge.search import ClauseSearch, HybridSearch

log = structlog.get_logger()


@dataclass(slots=True)
class Services:
    """The open parts of one process. Parts that cost time are opened when they are first used."""

    settings: Settings
    engine: Engine
    store: KnowledgeStore
    catalog: Catalog
    progress: Progress | None = None
    plugged_search: ClauseSearch | None = None
    """Another search in place of ours, for instance `bot.answering.retriever.RetrieverSearch`."""
    plugged_embeddings: Embedder | None = None
    """Another embedding model, for instance `knowledge.plugged.PluggedEmbeddings` around a LangChain one."""
    plugged_writer: Writer | None = None
    """Another writer of summaries, for instance `bot.answering.chat_writer.ChatModelWriter`."""
    _answerer: Answerer | None = None
    _audit: AuditLog | None = None
    _policy: PolicyFile | None = None
    _embeddings: Embedder | None = None
    _export: Export | None = None
    _vectors: VectorStore | None = None
    _search: HybridSearch | None = None
    _closing: list[Callable[[], None]] = field(default_factory=list)

    @property
    def audit(self) -> AuditLog:
        """The audit log."""
        if self._audit is None:
            from bot.audit.log import AuditLog  # noqa: PLC0415

            self._audit = AuditLog(self.engine)
        return self._audit

    @property
    def signer(self) -> Signer:
        """The key that signs what the record gives out."""
        from bot.audit.anchors import Signer  # noqa: PLC0415

        return Signer(self.settings.home)

    @property
    def anchors(self) -> Anchors:
        """The anchors of the record."""
        from bot.audit.anchors import Anchors  # noqa: PLC0415

        return Anchors(self.engine, self.audit.ledger, self.signer)

    def erase(self, name: str) -> int:
        """Erase a person's name and texts from the record and from what Slack left; return how many rows they had."""
        from bot.audit.traces import erase_traces  # noqa: PLC0415

        count = self.audit.people.erase(name)
        return count + erase_traces(self.engine, name)

    def erase_before(self, moment: datetime) -> int:
        """Erase what anybody wrote before a moment, in the record and in what Slack left; return how many texts."""
        from bot.audit.traces import erase_entries_before  # noqa: PLC0415

        count = self.audit.people.erase_before(moment.astimezone(UTC).isoformat(timespec="microseconds"))
        return count + erase_entries_before(self.engine, moment)

    @property
    def answerer(self) -> Answerer:
        """The answerer, over a knowledge base that this program version made."""
        if self._answerer is None:
            self._answerer = self.answerer_under(self.policy.current if self.policy else None)
        return self._answerer

    def answerer_under(self, rulebook: Callable[[], Rulebook] | None) -> Answerer:
        """Return an answerer under another policy, or under none."""
        from bot.answering.answerer import Answerer  # noqa: PLC0415

        search = self.plugged_search or _Lazy(lambda: self.search)
        return Answerer(self.store, self.catalog, search, self.audit, self.plugged_writer, rulebook)

    @property
    def policy(self) -> PolicyFile | None:
        """The company's policy, where there is one."""
        if self._policy is None and self.settings.policy is not None:
            from bot.policy.file import PolicyFile  # noqa: PLC0415

            self._policy = PolicyFile(self.settings.policy, self.policy_names)
        return self._policy

    def policy_names(self) -> Known:
        """Return the names that a policy may use."""
        from bot.policy.known import known_names  # noqa: PLC0415

        return known_names(self.store.license_kinds(), self.store.subject_kinds())

    @property
    def search(self) -> HybridSearch:
        """Word and vector search; opens the embedding model and the vector store."""
        if self._search is None:
            from ingestion.fingerprint import words_folder  # noqa: PLC0415
            from knowledge.search import HybridSearch  # noqa: PLC0415
            from knowledge.words import WordIndex  # noqa: PLC0415

            words = WordIndex(words_folder(self.settings.home, self.store.state.version))
            embeddings = self.embeddings()
            self._search = HybridSearch(self.store, words, embeddings, self.vectors(embeddings))
        return self._search

    def refresh(self) -> None:
        """Follow another process that switched the knowledge base over."""
        if self.store.refresh():
            self._search = self._answerer = None

    def embeddings(self) -> Embedder:
        """Return the embedding model, exported first if need be."""
        if self._embeddings is None:
            self._embeddings = self.plugged_embeddings or self._opened_embeddings()
        return self._embeddings

    def _opened_embeddings(self) -> Embedder:
        from knowledge.embedding import OnnxEmbeddings  # noqa: PLC0415
        from knowledge.models_folder import model_folder  # noqa: PLC0415

        self._start_export()
        if self._export is not None:
            if self.progress:
                self.progress("Preparing the embedding model (once)", 0, 1)
            self._export.folder()
            self._export = None
        return OnnxEmbeddings(model_folder(self.settings.home, self.settings.embedding_model))

    def _start_export(self) -> None:
        """Let the model be exported beside whatever else there is to do, if it is not exported yet."""
        from knowledge.models_folder import Export, is_exported  # noqa: PLC0415

        home, model = self.settings.home, self.settings.embedding_model
        if self._export is None and self.plugged_embeddings is None and not is_exported(home, model):
            self._export = Export(home, model)

    def vectors(self, embeddings: Embedder) -> VectorStore:
        """Return the vector store, or one in memory where another process owns the folder."""
        if self._vectors is None:
            self._vectors = self._opened_vectors(embeddings)
        return self._vectors

    def _opened_vectors(self, embeddings: Embedder) -> VectorStore:
        from knowledge.chroma import ChromaVectors, MemoryVectors, VectorStoreBusyError  # noqa: PLC0415

        folder = self.settings.home / "chroma"
        try:
            vectors: VectorStore = ChromaVectors(
                folder, model=embeddings.fingerprint, dimensions=embeddings.dimensions, url=self.settings.chroma_url
            )
        except VectorStoreBusyError:
            log.info("vector_store_busy", folder=str(folder))
            vectors = MemoryVectors()
        self._closing.append(vectors.close)
        return vectors

    def ingest(self, extra: Sequence[Source] = (), *, embed: str = "none") -> IngestReport:
        """Bring the knowledge base up to date; `embed` is `none`, `ai` (licences that matter for AI) or `all`."""
        from ingestion.pipeline import ingest  # noqa: PLC0415

        if embed != "none":
            self._start_export()
        report = ingest(self.engine, self.settings.home, [*self.sources(), *extra], progress=self.progress)
        self.store.refresh()
        self._search = self._answerer = None
        if embed != "none":
            count = self.search.embed(self.documents_to_embed(everything=embed == "all"), self._embedding_progress)
            report = replace(report, embedded=count)
        return report

    def sources(self) -> list[Source]:
        """Return the standing sources: ScanCode's texts and the publishers' own."""
        from ingestion.sources.official import MissingMirror, OfficialSource  # noqa: PLC0415
        from ingestion.sources.scancode import ScanCodeSource  # noqa: PLC0415

        mirror = self.settings.mirror
        if mirror is not None and not mirror.exists():
            return [ScanCodeSource(), OfficialSource(), MissingMirror(mirror)]
        return [ScanCodeSource(), OfficialSource(mirror=mirror)]

    def documents_to_embed(self, *, everything: bool) -> list[str]:
        """Return the keys of the texts whose clauses `ingest` embeds ahead."""
        current = dict(self.store.current_documents())
        if everything:
            return sorted(current)
        return self.store.documents_for_ai()

    def ensure_knowledge(self, *, answering: bool = True) -> bool:
        """Build the knowledge base if there is none, or if another program version made it; return whether it did.

        `answering` says that the embedding model will be needed, too.
        """
        from ingestion.fingerprint import is_current  # noqa: PLC0415

        if is_current(self.store.current_state(), self.settings.home):
            return False
        if answering:
            self._start_export()  # two cores: the texts are divided meanwhile
        self.ingest()
        return True

    def close(self) -> None:
        """Close what was opened."""
        while self._closing:
            self._closing.pop()()
        if self._export is not None:
            self._export.stop()
        self.engine.dispose()

    def _embedding_progress(self, done: int, total: int) -> None:
        if self.progress:
            self.progress("Embedding clauses", done, total)


class _Lazy:
    """Opens the real search when an answer first needs it."""

    def __init__(self, opened: Callable[[], ClauseSearch]) -> None:
        self._opened = opened

    def search(self, text: str, documents: Sequence[str], *, limit: int) -> list[Passage]:
        return self._opened().search(text, documents, limit=limit)


@contextmanager
def open_services(settings: Settings, *, progress: Progress | None = None) -> Iterator[Services]:
    """Open the database and hand out the services; everything is closed on the way out."""
    _make_home(settings.home)
    engine = open_database(settings.database_url)
    store = KnowledgeStore(engine)
    services = Services(settings, engine, store, Catalog(store), progress)
    try:
        yield services
    finally:
        services.close()


def _make_home(home: Path) -> None:
    from bot.errors import ConfigurationError  # noqa: PLC0415

    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"The data folder {str(home)!r} cannot be made ({error.strerror}); set CLAUSEBOT_HOME to one that can."
        ) from error
