"""Who asks a painter for news misses none, however late the last of it comes."""

from __future__ import annotations

import threading

from label_ground import image_at, open_at

from napari_ctcl.raster import Capsule
from napari_ctcl.store.gesture import Draw
from napari_ctcl.store.painter import Painter


def test_a_painter_is_busy_until_the_last_level_has_followed(tmp_path, monkeypatch) -> None:
    image_at(tmp_path)
    with open_at(tmp_path) as labels:
        hand, may_follow = Painter(labels), threading.Event()
        propagate = labels.propagate

        def slowly(upto=None) -> None:
            if upto is None:
                assert may_follow.wait(20)
            propagate(upto)

        monkeypatch.setattr(labels, "propagate", slowly)
        hand.do(Draw(tool="paint", value=4, capsules=(Capsule(start=(50.0, 50.0), end=(50.0, 90.0), radius=9),)))
        assert hand.wait(20)
        heard = list(hand.news())
        assert heard[-1].ended
        assert hand.busy
        may_follow.set()
        hand.close()
        assert [news.region for news in hand.news()] == [heard[0].region]
        assert not hand.busy
