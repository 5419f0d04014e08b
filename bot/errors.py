"""The errors that people see. Each message is a sentence that names the thing and says what to do.

ClausebotError                 knowledge/errors.py
├── KnowledgeError             knowledge/errors.py
│   ├── StoreError             knowledge/database.py: the database cannot be opened, read or written
│   ├── NoKnowledgeError       knowledge/store.py: nothing was ingested yet
│   ├── EmbeddingError         knowledge/embedding.py: the model is missing or not usable
│   ├── VectorStoreError       knowledge/chroma.py: Chroma's folder is damaged
│   │   └── VectorStoreBusyError   another process owns it
│   ├── WordIndexError         knowledge/words.py
│   ├── ProfileError           knowledge/profiles.py: a term profile breaks the format
│   └── RegistryError          knowledge/registry.py: the registry breaks the format
├── IngestionError             ingestion/errors.py: a source, a file or a page cannot be taken in
│   ├── HostError              ingestion/sources/web.py
│   └── PinError               ingestion/pins.py: a pin does not stand where it says
├── DigestError                bot/digest/errors.py: a week cannot be read, or rows do not belong to it
│   ├── UnderWayError          another process is sending it, or died over it
│   └── MailError              a mail cannot be written or was not taken
├── AnchorError                bot/audit/anchors.py: an anchor or the key that signs cannot be read
├── RefusedError               bot/slack/refusals.py: Slack refused something for good
├── FormError                  bot/slack/forms.py: a field of a form cannot be read
├── ConfigurationError         here
└── QuestionError              here
"""

from knowledge.errors import ClausebotError


class ConfigurationError(ClausebotError):
    """A setting is missing or wrong; the message lists every fault."""


class QuestionError(ClausebotError):
    """What was asked cannot be read as a question."""
