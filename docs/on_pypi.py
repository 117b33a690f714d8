"""The README as a package's page: what only leads somewhere in the repository is left out, or stays as plain text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class CustomMetadataHook(MetadataHookInterface):
    """Makes the field `readme` of the package."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set it to the README without relative links."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": plain(text)}


def plain(text: str) -> str:
    """Markdown with relative links as their words, without relative pictures, comments, and the section that is all links."""
    text = text.partition("\n## More\n")[0] + "\nAll documentation is in the repository, in `docs/`.\n"
    text = re.sub(r"^<!-- .*? -->\n\n?", "", text, flags=re.MULTILINE)
    text = re.sub(r"^!\[[^\]]*\]\((?!https?:)[^)]*\)\n\n?", "", text, flags=re.MULTILINE)
    return re.sub(r"\[([^\]]*)\]\((?!https?:)[^)]*\)", r"\1", text)
