"""The drivers belong to another environment: they are run, never imported."""

collect_ignore_glob = ["drivers/*"]
