"""How Ray behaves in tests: read when it is imported, so set before."""

import os

# The head listens to this machine alone, and nobody's token is looked for or made in their home.
os.environ["RAY_AUTH_MODE"] = "disabled"
# A busy machine takes its time.
os.environ["RAY_CLIENT_INITIAL_CONNECTION_TIMEOUT_S"] = "60"
