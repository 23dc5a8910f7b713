"""What there is: the made-up market or the replayed one, and every fact beside its bars."""
