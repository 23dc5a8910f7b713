"""Health check of a container: ``python healthy.py URL`` ends with 0 if the URL answers 200 within 3 seconds."""

import sys
import urllib.error
import urllib.request

try:
    with urllib.request.urlopen(sys.argv[1], timeout=3) as answer:  # noqa: S310 - the compose file's own URL
        sys.exit(answer.status != 200)
except (urllib.error.URLError, TimeoutError, ConnectionError) as err:
    print(f"{sys.argv[1]}: {err}", file=sys.stderr)
    sys.exit(1)
