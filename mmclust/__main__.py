"""`python -m mmclust`: the command line."""

import sys

from mmclust.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
