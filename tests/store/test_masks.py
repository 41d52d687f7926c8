"""A mask's values mean what the class table or the user's map says, never what their number suggests."""

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from napari_ctcl.errors import ImageError, InputError, MaskError, NotFound
from napari_ctcl.lesion import COLOURS, Lesion
from napari_ctcl.store.masks import MaskMap, open_mask

SHAPE = (30, 40)


@pytest.fixture
def labels():
    return np.random.default_rng(5).integers(0, 5, SHAPE, dtype=np.uint8)


def read_mask(path, shape, mask_map=None):
    with open_mask(path, shape, mask_map) as mask:
        classes = mask.classes()
        labels = mask.labels((0, shape[0]))
    assert classes == set(np.unique(labels))
    return labels


def painted(labels):
    table = np.array([COLOURS[lesion] for lesion in Lesion], np.uint8)
    return table[labels]


@pytest.mark.parametrize("how", ["png", "tif", "rgba", "palette png", "palette tif"])
def test_the_class_tables_colours_are_understood(tmp_path, labels, how):
    path = tmp_path / f"mask.{how.split()[-1].replace('rgba', 'png')}"
    image = Image.fromarray(painted(labels))
    if how == "rgba":
        image.putalpha(Image.fromarray((labels > 0).astype(np.uint8) * 255))
    if how.startswith("palette"):
        image = Image.fromarray(labels)
        image.putpalette([part for lesion in Lesion for part in COLOURS[lesion]])
    image.save(path)
    np.testing.assert_array_equal(read_mask(path, SHAPE), labels)


def test_transparent_is_unlabelled_whatever_colour_lies_under_it(tmp_path):
    rgba = np.full((*SHAPE, 4), 77, np.uint8)
    rgba[..., 3] = 0
    Image.fromarray(rgba).save(tmp_path / "m.png")
    assert not read_mask(tmp_path / "m.png", SHAPE).any()


@pytest.mark.parametrize("mode", ["L", "1", "I;16", "RGB", "tif", "bool tif"])
def test_a_binary_mask_is_read_through_a_map(tmp_path, mode):
    lesion = np.zeros(SHAPE, bool)
    lesion[3:9, 5:11] = True
    path = tmp_path / ("m.tif" if "tif" in mode else "m.png")
    if mode == "tif":
        tifffile.imwrite(path, lesion.astype(np.uint8) * 255)
    elif mode == "bool tif":
        tifffile.imwrite(path, lesion, photometric="minisblack")
    elif mode == "I;16":
        Image.fromarray(lesion.astype(np.uint16) * 255).save(path)
    else:
        Image.fromarray(lesion.astype(np.uint8) * 255).convert(mode).save(path)
    labels = read_mask(path, SHAPE, MaskMap.of("0=normal,255=tumor"))
    np.testing.assert_array_equal(labels, np.where(lesion, Lesion.TUMOR, Lesion.NORMAL))


@pytest.mark.parametrize("mode", ["L", "1"])
def test_a_grey_mask_without_a_map_is_refused_never_read_by_index(tmp_path, mode):
    Image.fromarray(np.full(SHAPE, 2, np.uint8)).convert(mode).save(tmp_path / "m.png")
    with pytest.raises(MaskError, match=r"mask map such as 0=normal,255=tumor"):
        read_mask(tmp_path / "m.png", SHAPE)
    with pytest.raises(MaskError, match="without a meaning"):
        read_mask(tmp_path / "m.png", SHAPE, MaskMap.of("rest=normal"))


def test_an_unknown_colour_is_named_with_its_place_and_count(tmp_path, labels):
    rgb = painted(labels)
    rgb[7, 11] = rgb[20, 3] = (255, 254, 0)
    Image.fromarray(rgb).save(tmp_path / "m.png")
    with pytest.raises(MaskError, match=r"#fffe00 at row 7, column 11 \(2 pixels have it\)"):
        read_mask(tmp_path / "m.png", SHAPE)


def test_an_unknown_grey_is_named_with_its_place_and_count(tmp_path):
    grey = np.zeros(SHAPE, np.uint8)
    grey[4, 5:8] = 7
    Image.fromarray(grey).save(tmp_path / "m.png")
    with pytest.raises(MaskError, match=r"value 7 at row 4, column 5 \(3 pixels have it\)"):
        read_mask(tmp_path / "m.png", SHAPE, MaskMap.of("0=normal,255=tumor"))


def test_a_jpeg_mask_is_told_why_its_colours_are_wrong(tmp_path, labels):
    Image.fromarray(painted(labels)).save(tmp_path / "m.jpg")
    with pytest.raises(MaskError, match="JPEG changes colours"):
        read_mask(tmp_path / "m.jpg", SHAPE)


def test_rest_names_all_other_values(tmp_path, labels):
    Image.fromarray(painted(labels)).save(tmp_path / "m.png")
    expected = np.where(labels == 0, Lesion.NORMAL, labels)
    np.testing.assert_array_equal(read_mask(tmp_path / "m.png", SHAPE, MaskMap.of("rest=normal")), expected)
    only_red = read_mask(tmp_path / "m.png", SHAPE, MaskMap.of("#FF0000=tumor, rest=normal"))
    np.testing.assert_array_equal(only_red, np.where(labels == Lesion.TUMOR, Lesion.TUMOR, Lesion.NORMAL))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["tif", "png"])
def test_a_mask_is_turned_upright_like_a_photo(tmp_path, labels, orientation, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"m.{kind}"
    Image.fromarray(painted(labels)).save(path, exif=exif)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(path)))
    expected = (upright[..., None, :] == painted(np.arange(5))).all(-1).argmax(-1)
    np.testing.assert_array_equal(read_mask(path, expected.shape), expected)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.uint16])
def test_a_mask_whose_zero_is_white_is_read_as_it_looks(tmp_path, dtype):
    lesion = np.zeros(SHAPE, bool)
    lesion[3:9, 5:11] = True
    white = 1 if dtype is bool else np.iinfo(dtype).max
    tifffile.imwrite(tmp_path / "m.tif", np.where(lesion, 0, white).astype(dtype), photometric="miniswhite")
    shown = {0: "normal", int(255 if dtype is bool else white): "tumor"}
    labels = read_mask(tmp_path / "m.tif", SHAPE, MaskMap.of(shown))
    np.testing.assert_array_equal(labels, np.where(lesion, Lesion.TUMOR, Lesion.NORMAL))
    with open_mask(tmp_path / "m.tif", SHAPE, MaskMap.of(shown)) as mask:
        assert mask.notes == ["0 is white in this file; the mask map's values are those that a viewer shows"]


@pytest.mark.parametrize("options", [{"tile": (16, 16)}, {"planarconfig": "separate"}, {"compression": "zlib"}])
def test_a_tiff_mask_of_any_layout_is_read(tmp_path, labels, options):
    rgb = painted(labels)
    pixels = np.moveaxis(rgb, -1, 0) if "planarconfig" in options else rgb
    tifffile.imwrite(tmp_path / "m.tif", pixels, photometric="rgb", **options)
    np.testing.assert_array_equal(read_mask(tmp_path / "m.tif", SHAPE), labels)


def test_a_tiff_mask_may_be_transparent(tmp_path, labels):
    rgba = np.dstack([painted(labels), (labels > 1).astype(np.uint8) * 255])
    tifffile.imwrite(tmp_path / "m.tif", rgba, photometric="rgb", extrasamples=["unassalpha"])
    np.testing.assert_array_equal(read_mask(tmp_path / "m.tif", SHAPE), np.where(labels > 1, labels, 0))
    pair = np.dstack([(labels == 4).astype(np.uint8) * 255, (labels > 1).astype(np.uint8) * 255])
    tifffile.imwrite(tmp_path / "p.tif", pair, photometric="minisblack", extrasamples=["unassalpha"])
    shown = read_mask(tmp_path / "p.tif", SHAPE, MaskMap.of("0=normal,255=tumor"))
    np.testing.assert_array_equal(shown, np.select([labels < 2, labels == 4], [0, Lesion.TUMOR], Lesion.NORMAL))


def test_colours_that_cannot_be_exact_are_refused(tmp_path):
    cmyk = np.zeros((*SHAPE, 4), np.uint8)
    tifffile.imwrite(tmp_path / "m.tif", cmyk, photometric="separated")
    Image.fromarray(cmyk, "CMYK").save(tmp_path / "m.jpg")
    tifffile.imwrite(tmp_path / "y.tif", np.zeros((64, 64, 3), np.uint8), photometric="ycbcr", compression="jpeg")
    for name, model in (("m.tif", "CMYK"), ("m.jpg", "CMYK"), ("y.tif", "YCbCr")):
        with pytest.raises(MaskError, match=f"a mask in {model} colours, expected grey, RGB, RGBA or a palette"):
            read_mask(tmp_path / name, SHAPE)


def test_only_the_first_page_of_a_mask_is_read_and_that_is_said(tmp_path, labels):
    with tifffile.TiffWriter(tmp_path / "m.tif") as file:
        file.write(painted(labels), photometric="rgb")
        file.write(np.zeros((5, 5), np.uint8), photometric="minisblack")
    with open_mask(tmp_path / "m.tif", SHAPE) as mask:
        assert mask.notes == ["only the first of 2 pages was taken"]


def test_a_mask_is_read_band_by_band(tmp_path):
    grey = np.zeros((1100, 20), np.uint8)
    grey[700:] = 255
    Image.fromarray(grey).save(tmp_path / "m.png")
    names = MaskMap.of("0=normal,255=tumor")
    np.testing.assert_array_equal(
        read_mask(tmp_path / "m.png", grey.shape, names), np.where(grey, Lesion.TUMOR, Lesion.NORMAL)
    )
    with pytest.raises(MaskError, match=r"value 255 at row 700, column 0 \(8000 pixels have it\)"):
        read_mask(tmp_path / "m.png", grey.shape, MaskMap.of("0=normal"))


def test_a_mask_on_its_side_is_told_so(tmp_path):
    Image.fromarray(np.zeros(SHAPE[::-1], np.uint8)).save(tmp_path / "m.png")
    with pytest.raises(MaskError, match=r"30 x 40 pixels, expected 40 x 30.*lies on its side"):
        read_mask(tmp_path / "m.png", SHAPE, MaskMap.of("0=normal"))


def test_a_mask_of_another_size_is_refused(tmp_path):
    Image.fromarray(np.zeros((10, 10), np.uint8)).save(tmp_path / "m.png")
    with pytest.raises(MaskError, match=r"10 x 10 pixels, expected 40 x 30"):
        read_mask(tmp_path / "m.png", SHAPE, MaskMap.of("0=normal"))


def test_what_is_no_mask_at_all_is_refused(tmp_path):
    (tmp_path / "m.png").write_bytes(b"nothing")
    with pytest.raises(ImageError, match="not an image"):
        read_mask(tmp_path / "m.png", SHAPE)
    with pytest.raises(NotFound):
        read_mask(tmp_path / "other.png", SHAPE)


def test_a_map_can_be_text_or_a_mapping():
    text = MaskMap.of("0=normal, 255=Tumor, #FFff00=patch, rest=unlabelled")
    assert text == MaskMap.of({0: "normal", "255": Lesion.TUMOR, "#ffff00": "patch", "rest": "unlabelled"})
    assert text.greys == {0: Lesion.NORMAL, 255: Lesion.TUMOR}
    assert text.colours == {(255, 255, 0): Lesion.PATCH}
    assert text.rest is Lesion.UNLABELLED


@pytest.mark.parametrize("text", ["", "0", "0=", "0=skin", "red=tumor", "#12=tumor", "-1=tumor", "0=normal,,"])
def test_a_map_that_is_written_wrong_is_refused(text):
    with pytest.raises(InputError, match="mask map"):
        MaskMap.of(text)


def test_a_map_that_names_a_value_twice_is_refused():
    with pytest.raises(InputError, match="'255' twice"):
        MaskMap.of("0=normal,255=tumor, 255=patch")
