"""Write `encoded.jsonl` from the plain rows of `encoded_plain.jsonl`. Run: `python benchmarks/planted/encode.py`.

A row says its kind (an encoding and, for some, a variant), the side that is encoded, and the plain texts. Where a text has
`{{...}}`, only that part is encoded; with zero-width and tag characters that part is hidden behind the rest.
"""

import base64
import codecs
import json
import random
import re
import string
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
MARKED = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
HIDDEN = ("zero_width", "tags")

MORSE_SIGNS = string.ascii_lowercase + string.digits + ".,?!'-():\"/;"
MORSE_CODES = (
    ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.. "
    "----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----. "
    ".-.-.- --..-- ..--.. -.-.-- .----. -....- -.--. -.--.- ---... .-..-. -..-. -.-.-."
)
MORSE = dict(zip(MORSE_SIGNS, MORSE_CODES.split(), strict=True))
# Cyrillic and Greek letters that look like the Latin ones.
LOOKALIKES = str.maketrans(
    "aeopcxyisjABEKMHOPCTX",
    "\u0430\u0435\u03bf\u0440\u0441\u0445\u0443\u0456\u0455\u0458\u0391\u0412\u0415\u039a\u041c\u041d\u039f\u0420\u0421\u03a4\u03a7",
)
LEET = str.maketrans("aeiostAEIOST", "431057431057")


def shifted(text: str, by: int) -> str:
    """Caesar's cipher."""
    low, high = string.ascii_lowercase, string.ascii_uppercase
    return text.translate(str.maketrans(low + high, low[by:] + low[:by] + high[by:] + high[:by]))


def codebook() -> dict[int, int]:
    """One random one-to-one codebook in which no letter stands for itself."""
    rng, letters = random.Random(4), list(string.ascii_lowercase)
    book = letters[:]
    while any(a == b for a, b in zip(letters, book, strict=True)):
        rng.shuffle(book)
    low, coded = "".join(letters), "".join(book)
    return str.maketrans(low + low.upper(), coded + coded.upper())


def mirrored(text: str) -> str:
    """Atbash: the alphabet read from its end."""
    low, high = string.ascii_lowercase, string.ascii_uppercase
    return text.translate(str.maketrans(low + high, low[::-1] + high[::-1]))


def in_base64(text: str, variant: str) -> str:
    """Base64; `wrapped` after 60 signs, or `url` with the alphabet for addresses."""
    raw = text.encode()
    coded = (base64.urlsafe_b64encode(raw) if variant == "url" else base64.b64encode(raw)).decode()
    return "\n".join(re.findall(".{1,60}", coded)) if variant == "wrapped" else coded


def in_hex(text: str, variant: str) -> str:
    """Hexadecimal; `spaced` between the bytes, or as `bytes` of a C string."""
    raw = text.encode()
    if variant == "bytes":
        return "".join(f"\\x{byte:02x}" for byte in raw)
    return raw.hex(" ") if variant == "spaced" else raw.hex()


def in_morse(text: str) -> str:
    """Morse code, a stroke between words; signs that have no code are left out."""
    words = text.lower().split()
    return " / ".join(" ".join(MORSE[sign] for sign in word if sign in MORSE) for word in words)


def with_lookalikes(text: str, rng: random.Random) -> str:
    """Three of five letters that have a look-alike are replaced by it."""
    return "".join(sign.translate(LOOKALIKES) if rng.random() < 0.6 else sign for sign in text)


def spaced(text: str, variant: str) -> str:
    """Each letter stands alone; words are parted more widely."""
    gap, between = {"dots": (".", " "), "dashes": ("-", "  "), "wide": ("  ", "     ")}.get(
        variant, (" ", "   ")
    )
    return between.join(gap.join(word) for word in text.split())


def in_zero_width(text: str, cover: str, rng: random.Random) -> str:
    """The bits of a text as zero-width characters, in one run or a byte after each word of the cover."""
    marks = ["".join("\u200b\u200c"[int(bit)] for bit in f"{byte:08b}") for byte in text.encode()]
    words = cover.split(" ")
    if rng.random() < 0.5:
        return " ".join([words[0] + "".join(marks), *words[1:]])
    each = -(-len(marks) // len(words))
    return " ".join(word + "".join(marks[n * each : (n + 1) * each]) for n, word in enumerate(words))


def in_tags(text: str, cover: str) -> str:
    """Unicode tag characters behind the cover: they show as nothing."""
    return cover + "".join(chr(0xE0000 + ord(sign)) for sign in text)


def encoder(kind: str, rng: random.Random) -> Callable[[str], str]:
    """The function that encodes a text in this kind."""
    name, _, variant = kind.partition(" ")
    book = codebook()
    ways: dict[str, Callable[[str], str]] = {
        "base64": lambda text: in_base64(text, variant),
        "hex": lambda text: in_hex(text, variant),
        "rot13": lambda text: codecs.encode(text, "rot13"),
        "caesar": lambda text: shifted(text, int(variant)),
        "codebook": lambda text: text.translate(book),
        "atbash": mirrored,
        "reversed": lambda text: " ".join(text.split()[::-1]) if variant == "words" else text[::-1],
        "leet": lambda text: text.translate(LEET),
        "morse": in_morse,
        "binary": lambda text: " ".join(f"{byte:08b}" for byte in text.encode()),
        "homoglyph": lambda text: with_lookalikes(text, rng),
        "spaced": lambda text: spaced(text, variant),
    }
    return ways[name]


def encoded(text: str, kind: str, rng: random.Random) -> str:
    """A text in its encoding."""
    marked, cover = MARKED.search(text), MARKED.sub("", text)
    if kind in HIDDEN:
        if not marked:
            raise ValueError(f"encoded_plain.jsonl: a row of kind {kind} hides nothing in: {text}")
        return in_tags(marked[1], cover) if kind == "tags" else in_zero_width(marked[1], cover, rng)
    way = encoder(kind, rng)
    return MARKED.sub(lambda part: way(part[1]), text) if marked else way(text)


def plain(text: str, kind: str) -> str:
    """A text that isn't encoded: without its marks, and without what was to be hidden if it has a cover."""
    return (kind in HIDDEN and MARKED.sub("", text)) or MARKED.sub(r"\1", text)


def main() -> None:
    """Write the encoded rows."""
    rng = random.Random(9)
    with (HERE / "encoded.jsonl").open("w", encoding="utf-8") as out:
        for line in (HERE / "encoded_plain.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            kind, side = row["kind"], row["side"]
            sides = {
                role: encoded(row[key], kind, rng) if side in (key, "both") else plain(row[key], kind)
                for role, key in (("user", "prompt"), ("assistant", "answer"))
            }
            turns = {"system": row["system"], **sides} if "system" in row else sides
            messages = [{"role": role, "content": text} for role, text in turns.items()]
            out.write(json.dumps({"messages": messages}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
