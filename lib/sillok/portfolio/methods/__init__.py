"""Direct methods on plain float64 arrays: no label, no frame, and nothing raised but ``SolverError``."""
