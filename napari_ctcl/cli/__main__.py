"""`python -m napari_ctcl.cli`, the same as `ctcl`."""

from napari_ctcl.cli import main

main()
