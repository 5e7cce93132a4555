"""``python -m pipeline``: see `pipeline.face.cli`."""

import sys

from pipeline.face.cli import main

sys.exit(main())
