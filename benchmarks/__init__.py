"""Measurements: each a figure with a gate and a goal, most of them ratios taken within one run."""
