"""The normal form under which names are compared: case, spaces, hyphens, underscores and dots between words vanish."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"\d+(?:\.\d+)+(?!\d)|\d+x\d+\w*|[^\W\d_]+(?:\+\+)?|\d+[a-z]*|\+\+|(?<=\d)\+(?![\w+])", re.IGNORECASE
)
_APOSTROPHES = ("'", "’")
_SIZE = re.compile(r"^(?:\d+(?:\.\d+)?[bmk]|\d+x\d+b?|a\d+b|\d+e|\d+k|\d+bit|e\d+b|fp\d+|bf\d+|int\d+|q\d+|px)$")
SUFFIXES = frozenset(
    """instruct chat it base hf gguf awq gptq ggml onnx mlx exl2 preview it latest final v0.1 v0.2 v0.3 v1.0 v hf text pt
    distilled pretrained finetune finetuned merged dpo sft rlhf lora qlora fp8 bf16 fp16 int4 int8 q4 q8 k m s
    model models weights checkpoint checkpoints release series family large small medium mini tiny xl xxl bnb 4bit 8bit
    quantized quant uncensored community""".split()
)
"""Words after a family's name that name a member, a format or a conversion of it, not another family."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a text in normal form, with its place."""

    key: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """Split text into comparable words: `Llama-3.1_8B` gives `llama`, `3.1`, `8b`."""
    found: list[Token] = []
    version_at: int | None = None
    for match in _TOKEN.finditer(text):
        key = match.group().casefold()
        if key == "v" and text[match.end() : match.end() + 1].isdigit():
            version_at = match.start()  # the `v` of a version says nothing: `v2.0` is `2.0`
            continue
        if key == "s" and text[match.start() - 1 : match.start()] in _APOSTROPHES:
            continue  # `DeepSeek's API` is the `DeepSeek API`
        found.append(Token(key, match.start() if version_at is None else version_at, match.end()))
        version_at = None
    return found


def normal(name: str) -> str:
    """Return the key under which a name is stored and looked up."""
    return " ".join(t.key for t in tokens(name))


def is_variant_word(key: str) -> bool:
    """Whether a word after a family's name only names a size, format or tuning of it."""
    return key in SUFFIXES or bool(_SIZE.match(key)) or key.isdigit()
