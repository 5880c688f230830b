"""Start the Action, from wherever the runner has put it: `python -I <this directory>`."""

import pathlib
import sys

# Isolated mode (-I) keeps the job's own modules and PYTHONPATH out, and so ours must be named.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from action.report import main

sys.exit(main())
