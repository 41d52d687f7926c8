"""P23: how long a person waits before anything happens.

Prediction: `ctcl --help` stays under ten bare interpreters, since every command imports what it needs only when it
runs; importing the plugin's manifest target adds little to importing napari.
"""

from __future__ import annotations

import subprocess
import sys

from benchmarks.row import Row, ratio, seconds

ROUNDS = 7


def start() -> Row:
    """`ctcl --help` over `python -c pass`; the plugin's import over napari's."""
    words = {
        "help": ["-m", "napari_ctcl.cli", "--help"],
        "bare": ["-c", "pass"],
        "plugin": ["-c", "import napari, napari_ctcl._reader, napari_ctcl._layers, napari_ctcl._widgets"],
        "napari": ["-c", "import napari; import napari.layers, napari.viewer, napari.qt"],
    }
    times: dict[str, list[float]] = {name: [] for name in words}
    for _ in range(ROUNDS):
        for name, arguments in words.items():
            times[name].append(seconds(lambda words=arguments: _run(words)))
    helped, help_ci = ratio(times["help"], times["bare"])
    plugin, plugin_ci = ratio(times["plugin"], times["napari"])
    detail = (
        f"ctcl --help / python -c pass (95 % CI {help_ci}); plugin / napari ({plugin_ci}); {ROUNDS} rounds, interleaved"
    )
    return Row(id="P23", figure=[helped, plugin], gate=[10, 1.1], goal=[5, 1.05], detail=detail)


def _run(words: list[str]) -> None:
    subprocess.run([sys.executable, *words], check=True, capture_output=True)
