"""The production profile's first job: fail, naming what is missing, unless KIS keys are set."""

import os
import sys

WANTED = ("SILLOK_KIS_URL", "SILLOK_KIS_APP_KEY", "SILLOK_KIS_APP_SECRET", "SILLOK_KIS_ACCOUNT")

missing = [name for name in WANTED if not os.environ.get(name)]
if missing:
    sys.exit(
        f"the profile prod needs {', '.join(missing)} in .env; COMPOSE_PROFILES=dev runs on a sandbox instead"
    )
if not os.environ["SILLOK_KIS_URL"].startswith("https://"):
    sys.exit("the profile prod sends keys only over TLS: SILLOK_KIS_URL in .env must begin with https://")
