"""Numbers as lists print them; the formats are named as in Word's files."""

_ROMAN = (
    (1000, "m"),
    (900, "cm"),
    (500, "d"),
    (400, "cd"),
    (100, "c"),
    (90, "xc"),
    (50, "l"),
    (40, "xl"),
    (10, "x"),
    (9, "ix"),
    (5, "v"),
    (4, "iv"),
    (1, "i"),
)


def counted(number: int, style: str, *, repeat: bool = False) -> str:
    """Return `number` in a style; what the style cannot express, and any unknown style, is decimal.

    After `z` HTML goes on with `aa`, `ab`; Word repeats the letter, `aa`, `bb` (`repeat`).
    """
    text = ""
    if style in {"lowerLetter", "upperLetter"} and 0 < number <= 10_000:
        text = chr(97 + (number - 1) % 26) * (1 + (number - 1) // 26) if repeat else _letters(number)
    elif style in {"lowerRoman", "upperRoman"} and 0 < number < 4_000:
        text = _roman(number)
    elif style == "decimalZero":
        text = f"{number:02}"
    return (text.upper() if style.startswith("upper") else text) or str(number)


def _letters(number: int) -> str:
    text = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        text = chr(97 + rest) + text
    return text


def _roman(number: int) -> str:
    text = ""
    for value, mark in _ROMAN:
        times, number = divmod(number, value)
        text += mark * times
    return text
