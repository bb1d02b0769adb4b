"""HTTP only: one file per chapter of the manual."""
