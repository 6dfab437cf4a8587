"""What the site does to pages that are also read in the repository."""

import re
from typing import Any

OUTSIDE = re.compile(r"\[([^\]]*)\]\((?:\.\./)+(?!tutorials|pictures)[^)]*\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Links that leave the documentation name files of the repository: on the site their text alone remains."""
    return OUTSIDE.sub(r"`\1`", markdown)
