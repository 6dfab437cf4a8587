"""The server: `python -m mmclust.ui`, with the options of `streamlit run`.

As `streamlit run app.py`, but it can be stopped from its first moment on, and does less before the first page.
"""

import gc
import sys

from mmclust.settings import TOP, grace_s
from mmclust.ui import ending


def main() -> None:
    """Serve the app until a signal comes."""
    try:
        grace_s()
    except ValueError as error:  # else it would be told when the server is to end, and keep it from that
        sys.exit(f"{error}")
    ending.have_watched()
    ending.attend()
    gc.disable()  # what is loaded now stays; looking through it takes a fifth of the start. `server` enables it again
    from streamlit.web import cli

    from mmclust.ui import server  # noqa: F401  while uvicorn loads it, a signal has to wait

    cli.main(["run", str(TOP / "app.py"), *sys.argv[1:]], prog_name="streamlit")


if __name__ == "__main__":
    main()
