"""Who looks at the pages: the person that has signed in, or the one local user where nobody signs in."""

from collections.abc import Sequence

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from mmclust import audit, settings
from mmclust.data import uploads
from mmclust.data.entry import Entry
from mmclust.escaping import markdown
from mmclust.runs.record import RunRecord, Unreadable
from mmclust.ui.shell import cache, frame, hidden


def signs_in() -> bool:
    """Whether this server asks who its users are (OpenID Connect, `[auth]` in Streamlit's secrets)."""
    return "is_logged_in" in st.user.to_dict()


def is_known() -> bool:
    """Whether pages may be drawn: the user has signed in, or nobody has to."""
    return not signs_in() or bool(st.user.to_dict()["is_logged_in"])


def owner() -> str:
    """Key of the user's own folder.

    Raises:
        ValueError: this server wants its users to sign in, and this one has not.
    """
    if not signs_in():
        return uploads.LOCAL
    known = st.user.to_dict()
    if not (known["is_logged_in"] and known.get("sub")):
        raise ValueError("your own data sets need an account; sign in first")
    return uploads.owner_of(f"{known.get('iss', '')} {known['sub']}")


def who() -> tuple[str, str]:
    """Key and name of the user, for `mmclust.audit`."""
    if get_script_run_ctx(suppress_warning=True) is None or not signs_in() or not is_known():
        return audit.LOCAL, ""
    known = st.user.to_dict()
    return owner(), str(known.get("email") or known.get("name") or known["sub"])


audit.who = who


def may_change(creator: str) -> bool:
    """Whether the user may stop, resume or delete what that user has started: with sign-in, only their own."""
    return not signs_in() or creator in ("", audit.LOCAL, owner())


def check_quota() -> None:
    """Refuse one more run of a signed-in user who has many under way.

    Raises:
        ValueError: they have as many as the server allows.
    """
    if not signs_in():
        return
    most, active = settings.limit("ACTIVE_RUNS"), cache.store().n_active(owner())
    if active >= most:
        raise ValueError(
            f"you have {active} runs that train or wait, and this server allows {most} of each user; wait until one "
            "has ended, or stop one (MMCLUST_MAX_ACTIVE_RUNS sets how many)"
        )


def entries() -> list[Entry]:
    """The user's own data sets."""
    return uploads.entries(owner())


def sees(dataset: str) -> bool:
    """Whether runs on that data set are shown to the user: all but those on somebody else's own data."""
    return uploads.owner_in(dataset) in ("", owner())


def runs(*, examples: bool = True) -> list[RunRecord]:
    """The runs that are shown to the user, newest first; see `RunStore.list`."""
    visible = ("", owner())
    shown = [run for run in cache.store().list(examples=examples) if uploads.owner_in(run.spec.dataset) in visible]
    return [hidden.of_record(record) for record in shown] if hidden.hidden() else shown


def unreadable() -> Sequence[Unreadable]:
    """The runs that cannot be read, for the one local user: where people sign in, nobody can tell whose they are."""
    return [] if signs_in() else cache.store().unreadable()


def sign_in_page() -> None:
    """What stands in place of every page until the user has signed in."""
    frame.heading("mmclust", "Train, inspect and compare deep clustering models.")
    with st.container(border=True, horizontal_alignment="center", gap="small"):
        st.html(
            '<div class="mm-empty"><h2>Sign in</h2><p>This server keeps the data of its users separate, so it asks who '
            "you are.</p></div>"
        )
        for provider in _providers():
            name = f" with {provider}" if provider else ""
            st.button(
                f"Sign in{name}",
                type="primary",
                icon=":material/login:",
                key=f"sign-in-{provider}",
                on_click=st.login,
                args=(provider,),
                help="Opens the sign-in page of the identity provider.",
            )


def _providers() -> list[str | None]:
    """Names of the services in the secrets, `[auth.NAME]` each; one without a name where they are not named."""
    return [name for name, value in st.secrets["auth"].items() if hasattr(value, "items")] or [None]


def account() -> None:
    """Who is signed in, and the way out; nothing where nobody signs in."""
    if not signs_in():
        return
    known = st.user.to_dict()
    name = str(known.get("name") or known.get("email") or known["sub"])
    with st.popover(markdown(name), icon=":material/person:", width="stretch", help="Your account on this server."):
        st.markdown(
            f"Signed in as **{markdown(name)}**. Data sets that you add and runs on them are visible only to you; all "
            "other runs are visible to everyone."
        )
        st.button("Sign out", icon=":material/logout:", on_click=st.logout, help="Sign out in this browser.")
