"""`python -m mmclust.ui run app.py`: as `streamlit run app.py`, with less work before the first page."""

import gc

if __name__ == "__main__":
    gc.disable()  # what is loaded now stays; looking through it takes a fifth of the start. `server` enables it again
    from streamlit.web.cli import main

    main(prog_name="streamlit")
