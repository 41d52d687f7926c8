"""Pages and pictures that a person reads."""
