"""Who looks at the pages: the person that has signed in, or the one local user where nobody signs in."""

import streamlit as st

from mmclust.data import uploads
from mmclust.data.entry import Entry


def owner() -> str:
    """Key of the visitor's own folder."""
    known = st.user.to_dict()
    if known.get("is_logged_in"):
        subject = known.get("sub") or known.get("email")
        if subject:
            return uploads.owner_of(f"{known.get('iss', '')} {subject}")
    return uploads.LOCAL


def signs_in() -> bool:
    """Whether this server asks who its visitors are (OpenID Connect, `[auth]` in Streamlit's secrets)."""
    return "is_logged_in" in st.user.to_dict()


def entries() -> list[Entry]:
    """The visitor's own data sets."""
    return uploads.entries(owner())


def may_see(entry: Entry) -> bool:
    """Whether the visitor may be shown a data set: those of the catalogue, and the visitor's own."""
    return entry.place is None or entry.name.startswith(f"own/{owner()}/")
