"""The first job of the compose stack: a node without the sandbox starts only with KIS keys.

Fails closed: unless COMPOSE_PROFILES names dev, every key must be there.
"""

import os
import sys

WANTED = ("SILLOK_KIS_URL", "SILLOK_KIS_APP_KEY", "SILLOK_KIS_APP_SECRET", "SILLOK_KIS_ACCOUNT")

if "dev" in os.environ.get("COMPOSE_PROFILES", "").split(","):
    sys.exit(0)
missing = [name for name in WANTED if not os.environ.get(name)]
if missing:
    sys.exit(
        f"the profile prod needs {', '.join(missing)} in .env; COMPOSE_PROFILES=dev in .env runs on a sandbox instead"
    )
if not os.environ["SILLOK_KIS_URL"].startswith("https://"):
    sys.exit("the profile prod sends keys only over TLS: SILLOK_KIS_URL in .env must begin with https://")
