"""`python -m app.cli`: as `compliance`."""

import sys

from app.cli import main

sys.exit(main())
