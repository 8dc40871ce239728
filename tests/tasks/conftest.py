"""How Ray behaves in tests: read when it is imported, so set before."""

import os
import secrets

# Whoever reaches a cluster runs code on it; and no token is made in anybody's home.
os.environ["RAY_AUTH_MODE"] = "token"
os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
# A busy machine takes its time.
os.environ["RAY_CLIENT_INITIAL_CONNECTION_TIMEOUT_S"] = "60"
