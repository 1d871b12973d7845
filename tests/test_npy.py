"""Declared sizes of ``.npy`` and ``.npz`` files."""

import io
import zipfile

import numpy as np
import pytest

from graphmer.checksums import read_arrays as read_stored
from graphmer.corpora.array_file import open_arrays
from graphmer.errors import CorpusError
from graphmer.npy import load_npy
from tests.memory import limited_memory


def _declaring(shape, dtype="<f8"):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": dtype, "fortran_order": False, "shape": shape})
    return stream.getvalue() + bytes(16)


SHAPES = [((2**40,), "<f8"), ((2**40, 0, 3), "<f8"), ((1,), "<U400000000"), ((2**70,), "|i1"), ((-1,), "<f8")]


@pytest.mark.parametrize(("shape", "dtype"), SHAPES)
def test_a_header_that_declares_more_than_the_file_is_refused_before_allocation(shape, dtype, tmp_path):
    path = tmp_path / "a.npy"
    path.write_bytes(_declaring(shape, dtype))
    with limited_memory(2**30):
        if 0 in shape:
            assert load_npy(path).size == 0
            return
        with pytest.raises(ValueError, match=r"declares .* more than it holds"):
            load_npy(path)


@pytest.mark.parametrize(("shape", "dtype"), [each for each in SHAPES if 0 not in each[0]])
def test_an_archive_whose_header_declares_more_is_refused_before_allocation(shape, dtype, tmp_path):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", _declaring(shape, dtype))
    with limited_memory(2**30):
        with pytest.raises(CorpusError, match=r"a\.npz: not a readable \.npz \(its header declares"):
            open_arrays(path).__enter__()
        with pytest.raises(ValueError, match="declares"):
            read_stored(path)


def test_an_archive_that_declares_more_than_it_can_hold_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", _declaring((2,)))
    size = len(_declaring((2,)))
    content = path.read_bytes()
    path.write_bytes(content.replace(size.to_bytes(4, "little"), (2**31).to_bytes(4, "little")))
    with pytest.raises(CorpusError, match="declares more than its compressed size can hold"):
        open_arrays(path).__enter__()


def test_arrays_of_any_form_are_read(tmp_path):
    path = tmp_path / "a.npy"
    for array in (np.zeros((3, 0)), np.array(2.5), np.arange(6, dtype="i2").reshape(2, 3).T, np.array(["é"])):
        np.save(path, array)
        assert np.array_equal(load_npy(path), array)
