"""Annotation and active learning for clinical photographs of cutaneous T-cell lymphoma."""

__version__ = "0.1.0"
