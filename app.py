"""The server: the page script and what happens when the server starts and stops. Run by `python -m mmclust.ui`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware

from mmclust.ui import protection, server


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Get ready for the first user, and stop training cleanly before the process ends."""
    await server.start()
    yield
    await server.stop()


app = st.App(
    "pages/main.py",
    lifespan=lifespan,
    routes=server.routes(),
    middleware=[*protection.middleware(), Middleware(server.Opening)],
    on_script_error=server.show_error,
)
