"""What Prefect schedules and runs."""
