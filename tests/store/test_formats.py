"""Photo files come out upright, in sRGB and whole, whatever they look like inside."""

import io
from contextlib import suppress
from itertools import pairwise

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from napari_ctcl.errors import ImageError, NotFound
from napari_ctcl.store.formats import open_photo
from napari_ctcl.store.pyramid import halved
from napari_ctcl.store.shapes import level_shapes


def read(path, rows=16):
    with open_photo(path) as photo:
        pixels = np.concatenate(list(photo.bands(rows)))
        assert pixels.shape == (*photo.shape, 3)
        assert pixels.dtype == np.uint8
        return pixels, photo.notes


@pytest.fixture
def rgb():
    return np.random.default_rng(1).integers(0, 256, (45, 70, 3), dtype=np.uint8)


def upright_by_pillow(image):
    from PIL import ImageOps

    return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["png", "tiff", "jpeg"])
def test_every_exif_orientation_comes_out_upright(tmp_path, rgb, orientation, kind):
    path = tmp_path / f"photo.{kind}"
    if kind == "tiff":
        tifffile.imwrite(path, rgb, photometric="rgb", tile=(16, 16), extratags=[(274, "H", 1, orientation, True)])
        exif = Image.Exif()
        exif[274] = orientation
        Image.fromarray(rgb).save(tmp_path / "oracle.png", exif=exif)
        expected = upright_by_pillow(Image.open(tmp_path / "oracle.png"))
    else:
        exif = Image.Exif()
        exif[274] = orientation
        Image.fromarray(rgb).save(path, exif=exif)
        expected = upright_by_pillow(Image.open(path))
    pixels, _ = read(path)
    np.testing.assert_array_equal(pixels, expected)


@pytest.mark.parametrize("suffix", ["jpg", "tif"])
def test_cmyk_becomes_what_pillow_makes_of_it(tmp_path, rgb, suffix):
    path = tmp_path / f"ink.{suffix}"
    Image.fromarray(rgb).convert("CMYK").save(path)
    pixels, notes = read(path)
    np.testing.assert_array_equal(pixels, np.asarray(Image.open(path).convert("RGB")))
    assert any("CMYK" in note for note in notes)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "PA", "RGBA"])
def test_every_eight_bit_mode_of_png_is_read(tmp_path, rgb, mode):
    path = tmp_path / "photo.png"
    image = Image.fromarray(rgb).quantize(16) if mode == "P" else Image.fromarray(rgb).convert(mode)
    if mode == "PA":
        image = Image.fromarray(rgb).convert("RGBA").quantize(8)
    image.save(path)
    pixels, _ = read(path)
    np.testing.assert_array_equal(pixels, np.asarray(Image.open(path).convert("RGB")))


def test_transparency_is_laid_on_white_and_said(tmp_path, rgb):
    alpha = np.zeros((45, 70), np.uint8)
    alpha[:20], alpha[20:30] = 255, 128
    Image.fromarray(np.dstack([rgb, alpha])).save(tmp_path / "a.png")
    pixels, notes = read(tmp_path / "a.png")
    np.testing.assert_array_equal(pixels[:20], rgb[:20])
    assert (pixels[30:] == 255).all()
    half = rgb[20:30].astype(float) * 128 / 255 + 255 * 127 / 255
    assert np.abs(pixels[20:30] - half).max() <= 0.5
    assert notes == ["transparent pixels were laid on white"]


def test_opaque_alpha_needs_no_note(tmp_path, rgb):
    Image.fromarray(np.dstack([rgb, np.full((45, 70), 255, np.uint8)])).save(tmp_path / "a.png")
    pixels, notes = read(tmp_path / "a.png")
    np.testing.assert_array_equal(pixels, rgb)
    assert notes == []


LAYOUTS = {
    "tiles": {"tile": (16, 32)},
    "small strips": {"rowsperstrip": 7},
    "one strip": {},
    "deflate strips": {"rowsperstrip": 7, "compression": "zlib"},
    "one lzw strip": {"compression": "lzw"},
    "lzw tiles with predictor": {"tile": (16, 16), "compression": "lzw", "predictor": True},
    "separate planes": {"planarconfig": "separate"},
    "separate planes in tiles": {"planarconfig": "separate", "tile": (16, 16), "compression": "zlib"},
    "big": {"bigtiff": True, "tile": (16, 16)},
    "big-endian": {"byteorder": ">", "rowsperstrip": 10},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_tiff_of_any_layout_is_read_bit_for_bit(tmp_path, rgb, layout):
    path = tmp_path / "photo.tif"
    options = dict(LAYOUTS[layout])
    separate = options.get("planarconfig") == "separate"
    tifffile.TiffWriter(path, bigtiff=options.pop("bigtiff", False), byteorder=options.pop("byteorder", None)).write(
        np.moveaxis(rgb, -1, 0) if separate else rgb, photometric="rgb", **options
    )
    np.testing.assert_array_equal(read(path)[0], rgb)


def test_grey_inverted_and_palette_tiffs_are_read(tmp_path, rgb):
    grey = rgb[..., 0]
    tifffile.imwrite(tmp_path / "black.tif", grey, photometric="minisblack")
    tifffile.imwrite(tmp_path / "white.tif", grey, photometric="miniswhite")
    colours = np.random.default_rng(2).integers(0, 256, (3, 256), dtype=np.uint16) * 257
    tifffile.imwrite(tmp_path / "palette.tif", grey, photometric="palette", colormap=colours)
    np.testing.assert_array_equal(read(tmp_path / "black.tif")[0], np.dstack([grey] * 3))
    np.testing.assert_array_equal(read(tmp_path / "white.tif")[0], 255 - np.dstack([grey] * 3))
    np.testing.assert_array_equal(read(tmp_path / "palette.tif")[0], np.moveaxis(colours[:, grey] >> 8, 0, -1))


@pytest.mark.parametrize("tiled", [True, False])
def test_jpeg_inside_a_tiff_is_read_as_pillow_reads_it(tmp_path, tiled):
    smooth = np.full((64, 96, 3), 90, np.uint8)
    smooth[..., 0], smooth[..., 1] = np.arange(96) * 2, np.arange(64)[:, None] * 3
    path = tmp_path / "j.tif"
    if tiled:
        coded = np.asarray(Image.fromarray(smooth).convert("YCbCr"))
        tifffile.imwrite(path, coded, photometric="ycbcr", tile=(32, 32), compression="jpeg")
    else:
        Image.fromarray(smooth).save(path, compression="jpeg")
    pixels, _ = read(path)
    assert np.abs(pixels.astype(int) - np.asarray(Image.open(path).convert("RGB"))).max() <= 3
    assert np.abs(pixels.astype(int) - smooth).mean() < 4


def test_only_the_first_page_of_a_tiff_is_taken_and_said(tmp_path, rgb):
    with tifffile.TiffWriter(tmp_path / "p.tif") as file:
        file.write(rgb, photometric="rgb")
        file.write(255 - rgb, photometric="rgb")
    pixels, notes = read(tmp_path / "p.tif")
    np.testing.assert_array_equal(pixels, rgb)
    assert notes == ["only the first of 2 pages was taken"]


def wide_gamut():
    """A matrix profile with red and green swapped, so that a dropped profile cannot go unseen."""
    from PIL import ImageCms

    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(profile[128:132])
    tags = {bytes(profile[132 + 12 * i : 136 + 12 * i]): 132 + 12 * i for i in range(count)}
    red, green = tags[b"rXYZ"], tags[b"gXYZ"]
    profile[red + 4 : red + 12], profile[green + 4 : green + 12] = (
        profile[green + 4 : green + 12],
        profile[red + 4 : red + 12],
    )
    start = int.from_bytes(profile[tags[b"desc"] + 4 : tags[b"desc"] + 8])
    size = int.from_bytes(profile[tags[b"desc"] + 8 : tags[b"desc"] + 12])
    name = bytes(profile[start : start + size]).replace("sRGB".encode("utf-16-be"), "Swap".encode("utf-16-be"))
    profile[start : start + size] = name.replace(b"sRGB", b"Swap")
    return bytes(profile)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_a_colour_profile_is_converted_to_srgb(tmp_path, rgb, suffix):
    path, profile = tmp_path / f"p.{suffix}", wide_gamut()
    Image.fromarray(rgb).save(path, icc_profile=profile)
    expected = ImageCms.profileToProfile(
        Image.fromarray(rgb), ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
    )
    pixels, notes = read(path)
    np.testing.assert_array_equal(pixels, np.asarray(expected))
    assert np.abs(pixels.astype(int) - rgb).max() > 100
    assert notes == []


def test_an_srgb_profile_changes_nothing(tmp_path, rgb):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(rgb).save(tmp_path / "s.png", icc_profile=srgb)
    np.testing.assert_array_equal(read(tmp_path / "s.png")[0], rgb)


@pytest.mark.parametrize("profile", [b"no profile at all", ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))])
def test_a_broken_or_foreign_profile_is_said_and_passed_over(tmp_path, rgb, profile):
    data = profile if isinstance(profile, bytes) else profile.tobytes()
    Image.fromarray(rgb).save(tmp_path / "s.png", icc_profile=data)
    pixels, notes = read(tmp_path / "s.png")
    np.testing.assert_array_equal(pixels, rgb)
    assert any("colour profile" in note for note in notes)


def bad_files(folder):
    """Files that must be refused, with a word that the message must hold."""
    rng = np.random.default_rng(3)
    rgb = rng.integers(0, 256, (300, 300, 3), dtype=np.uint8)

    def saved(name, **options):
        Image.fromarray(rgb).save(folder / name, **options)
        return (folder / name).read_bytes()

    def tiff(array, **options):
        buffer = io.BytesIO()
        tifffile.imwrite(buffer, array, **options)
        return buffer.getvalue()

    jpeg, png = saved("a.jpg"), saved("a.png")
    lzw = tiff(rgb, photometric="rgb", compression="lzw", rowsperstrip=8)
    plain = tiff(rgb, photometric="rgb", rowsperstrip=8)
    one_strip = tiff(rgb, photometric="rgb")
    broken_png = bytearray(png)
    broken_png[len(png) // 2] ^= 0xFF
    deep = io.BytesIO()
    Image.fromarray(np.zeros((4, 4), np.uint16)).save(deep, "PNG")
    gif = saved("a.gif")
    return {
        "text.jpg": (b"this is no image", "not an image"),
        "empty.png": (b"", "not an image"),
        "cut.jpg": (jpeg[: len(jpeg) // 2], "broken or cut short"),
        "cut.png": (png[: len(png) // 2], "broken or cut short"),
        "head.png": (png[:40], "not an image"),
        "flipped.png": (bytes(broken_png), "broken or cut short"),
        "cut-lzw.tif": (lzw[: len(lzw) // 2], "cut short"),
        "cut-strips.tif": (plain[: len(plain) // 2], "cut short"),
        "cut-one.tif": (one_strip[: len(one_strip) // 2], "cut short"),
        "head.tif": (plain[:8], "cut short"),
        "deep.png": (deep.getvalue(), "16 bits"),
        "deep.tif": (tiff(rgb.astype(np.uint16), photometric="rgb"), "16-bit"),
        "float.tif": (tiff(rgb[..., 0].astype(np.float32)), "32-bit"),
        "cfa.tif": (tiff(rgb[..., 0], photometric="cfa"), "camera raw"),
        "photo.nef": (plain, "camera raw"),
        "moving.gif": (gif, "not an image"),
    }


BAD_FILES = [
    *("text.jpg", "empty.png", "cut.jpg", "cut.png", "head.png", "flipped.png", "cut-lzw.tif", "cut-strips.tif"),
    *("cut-one.tif", "head.tif", "deep.png", "deep.tif", "float.tif", "cfa.tif", "photo.nef", "moving.gif"),
]


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_is_no_whole_photo_is_refused_by_name(tmp_path, name):
    data, word = bad_files(tmp_path)[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ImageError, match=word) as refused:
        read(tmp_path / name)
    assert name in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_sixteen_bit_colour_png_is_refused_though_pillow_would_cut_it_down(tmp_path):
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 2, 2, 16, 2, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + bytes(12) for _ in range(2)))
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    (tmp_path / "deep.png").write_bytes(png)
    with pytest.raises(ImageError, match="16 bits"):
        read(tmp_path / "deep.png")


def test_a_png_that_claims_too_many_pixels_is_refused_before_it_is_decoded(tmp_path):
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    for side in (25_000, 60_000):
        header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
        (tmp_path / "bomb.png").write_bytes(png)
        with pytest.raises(ImageError, match="400 million"):
            read(tmp_path / "bomb.png")
    assert Image.MAX_IMAGE_PIXELS == 89478485


def test_a_grey_tiff_of_four_bits_is_refused_since_its_white_is_no_255(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((8, 8), np.uint8))
    data = bytearray((tmp_path / "a.tif").read_bytes())
    at = data.index(b"\x02\x01\x03\x00\x01\x00\x00\x00\x08\x00")  # tag 258, bits per sample: one short, 8
    data[at + 8] = 4
    (tmp_path / "a.tif").write_bytes(data)
    with pytest.raises(ImageError, match="4-bit samples"), open_photo(tmp_path / "a.tif"):
        pass


def test_a_missing_file_is_not_found(tmp_path):
    with pytest.raises(NotFound, match="no such file"):
        read(tmp_path / "nothing.png")


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_halving_is_the_rounded_mean_with_repeated_edges(height, width, seed):
    planes = np.random.default_rng(seed).integers(0, 256, (3, height, width), dtype=np.uint8)
    wide = np.pad(planes, [(0, 0), (0, height % 2), (0, width % 2)], mode="edge").astype(int)
    blocks = wide[:, 0::2, 0::2] + wide[:, 1::2, 0::2] + wide[:, 0::2, 1::2] + wide[:, 1::2, 1::2]
    np.testing.assert_array_equal(halved(planes), (blocks + 2) // 4)


@given(st.integers(1, 50_000), st.integers(1, 50_000))
def test_levels_are_halves_until_the_longest_side_is_512_or_less(height, width):
    shapes = level_shapes((height, width))
    assert max(shapes[-1]) <= 512
    assert all(max(shape) > 512 for shape in shapes[:-1])
    assert all(after == (-(-h // 2), -(-w // 2)) for (h, w), after in pairwise(shapes))


def zero_pixel_files():
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 0, 5, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(buffer, "JPEG")
    jpeg = bytearray(buffer.getvalue())
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = bytes(4)
    entries = [
        (256, 4, 1, 0),
        (257, 4, 1, 0),
        (258, 3, 1, 8),
        (262, 3, 1, 1),
        (273, 4, 1, 8),
        (278, 4, 1, 1),
        (279, 4, 1, 0),
    ]
    tags = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    tiff = b"II*\0" + struct.pack("<IH", 8, len(entries)) + tags + bytes(4)
    return {"zero.png": png, "zero.jpg": bytes(jpeg), "zero.tif": tiff}


@pytest.mark.parametrize("name", ["zero.png", "zero.jpg", "zero.tif"])
def test_a_file_of_zero_pixels_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(zero_pixel_files()[name])
    with pytest.raises(ImageError, match=name):
        read(tmp_path / name)


@pytest.mark.parametrize("kind", ["png", "jpg", "tiled.tif", "striped.tif"])
def test_a_file_with_any_bytes_changed_is_read_or_refused_but_never_crashes(tmp_path, rgb, kind):
    path = tmp_path / f"a.{kind}"
    if kind == "tiled.tif":
        tifffile.imwrite(path, rgb, photometric="rgb", tile=(16, 16), compression="zlib")
    elif kind == "striped.tif":
        tifffile.imwrite(path, rgb, photometric="rgb", rowsperstrip=8)
    else:
        Image.fromarray(rgb).save(path)
    sound, rng = path.read_bytes(), np.random.default_rng(9)
    for _ in range(100):
        broken = bytearray(sound)
        for place in rng.integers(0, min(400, len(sound)), rng.integers(1, 5)):
            broken[place] = rng.integers(256)
        path.write_bytes(broken)
        with suppress(ImageError), open_photo(path) as photo:
            if photo.shape[0] * photo.shape[1] < 1_000_000:
                assert all(band.dtype == np.uint8 for band in photo.bands(64))
