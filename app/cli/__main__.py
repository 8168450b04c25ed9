"""`python -m app.cli` is the same as `compliance`."""

import sys

from app.cli import main

sys.exit(main())
