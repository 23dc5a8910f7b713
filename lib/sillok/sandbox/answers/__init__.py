"""What is said of it: one function for each call, in the vendor's names, units and pages."""
