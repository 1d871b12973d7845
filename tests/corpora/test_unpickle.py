import os
import pickle

import numpy as np
import pytest

from graphmer.corpora.unpickle import load_pickle
from graphmer.errors import CorpusError
from tests.memory import limited_memory

OLD_ARRAY = (  # as Python 2 and NumPy 1 wrote np.array([1.5])
    b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    b"(K\x01K\x01\x85cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    b"\x89U\x08\x00\x00\x00\x00\x00\x00\xf8?tb."
)


@pytest.mark.parametrize("protocol", [2, 4])
def test_containers_and_arrays_are_read(tmp_path, protocol):
    contents = ({"a": ["x", 1, 2.5, None]}, {"b", "c"}, frozenset({1}))
    (tmp_path / "plain.pkl").write_bytes(pickle.dumps(contents, protocol=protocol))
    assert load_pickle(tmp_path / "plain.pkl") == contents


def test_arrays_and_scalars_are_read(tmp_path):
    contents = [np.array(["ab", "c"]), np.float64(2.5)]
    (tmp_path / "arrays.pkl").write_bytes(pickle.dumps(contents, protocol=4))
    array, scalar = load_pickle(tmp_path / "arrays.pkl")
    assert array.tolist() == ["ab", "c"]
    assert scalar == 2.5


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_and_bytes_of_every_protocol_are_read(tmp_path, protocol):
    arrays = [np.arange(6.0).reshape(2, 3), np.arange(6).reshape(2, 3).T, np.zeros((0, 2)), np.array(["ab"])]
    arrays += [np.arange(24).reshape(2, 3, 4).transpose(1, 0, 2), np.array([[1], "x"], dtype=object)]
    (tmp_path / "all.pkl").write_bytes(pickle.dumps([b"", b"\xff", np.int64(3), *arrays], protocol=protocol))
    empty, one, number, *read = load_pickle(tmp_path / "all.pkl")
    assert (empty, one, number) == (b"", b"\xff", 3)
    for array, again in zip(arrays, read, strict=True):
        assert again.tolist() == array.tolist()


@pytest.mark.parametrize("protocol", [2, 5])
def test_many_rows_of_nothing_are_refused(tmp_path, protocol):
    (tmp_path / "bad.pkl").write_bytes(pickle.dumps(np.zeros((10**9, 0)), protocol=protocol))
    with pytest.raises(CorpusError, match="damaged"):
        load_pickle(tmp_path / "bad.pkl")


@pytest.mark.parametrize("home", [b"numpy.core", b"numpy._core"])
def test_arrays_of_every_numpy_are_read(tmp_path, home):
    (tmp_path / "old.pkl").write_bytes(OLD_ARRAY.replace(b"numpy.core", home))
    assert load_pickle(tmp_path / "old.pkl").tolist() == [1.5]


class Hostile:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_a_pickle_that_calls_something_is_refused_and_not_run(tmp_path, protocol):
    (tmp_path / "bad.pkl").write_bytes(pickle.dumps([Hostile(tmp_path / "ran")], protocol=protocol))
    with pytest.raises(CorpusError, match=r"bad\.pkl.*contains posix\.mkdir.*Convert"):
        load_pickle(tmp_path / "bad.pkl")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["eval", "getattr", "__import__", "set.update"])
def test_builtins_other_than_sets_are_refused(tmp_path, name):
    (tmp_path / "bad.pkl").write_bytes(
        b"\x80\x04\x8c\x08builtins\x8c" + bytes([len(name)]) + name.encode() + b"\x93."
    )
    with pytest.raises(CorpusError, match="contains builtins"):
        load_pickle(tmp_path / "bad.pkl")


@pytest.mark.parametrize("content", [b"", b"\x80\x04", b"no pickle", pickle.dumps([1, 2, 3])[:-4], b"."])
def test_a_damaged_file_is_named(tmp_path, content):
    (tmp_path / "cut.pkl").write_bytes(content)
    with pytest.raises(CorpusError, match=r"cut\.pkl: damaged, or not a pickle"):
        load_pickle(tmp_path / "cut.pkl")


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(CorpusError, match="no such file"):
        load_pickle(tmp_path / "absent.pkl")


class _Declares:
    """Pickled as an array or a number of a declared size without its contents."""

    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


HUGE = (2**40,)
RECONSTRUCT, SCALAR = np.empty(0).__reduce__()[0], np.float64(0).__reduce__()[0]


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps(
            _Declares(RECONSTRUCT, (np.ndarray, (0,), b"b"), (1, HUGE, np.dtype("f8"), False, b"12"))
        ),
        pickle.dumps(_Declares(RECONSTRUCT, (np.ndarray, (0,), b"b"), (1, HUGE, np.dtype("O"), False, [1]))),
        pickle.dumps(_Declares(SCALAR, (np.dtype("V2000000000"), b"12"))),
        b"\x80\x02Nr\xff\xff\xff\xff.",
        b"Np4294967295\n.",
        b"\x80\x04\x8e" + (2**60).to_bytes(8, "little") + b"a.",
    ],
    ids=["array", "objects", "number", "memo", "text memo", "bytes"],
)
def test_declared_sizes_beyond_the_file_are_refused_without_allocation(tmp_path, content):
    path = tmp_path / "labels.pkl"
    path.write_bytes(content)
    with limited_memory(2**31), pytest.raises(CorpusError, match=r"labels\.pkl: damaged, or not a pickle"):
        load_pickle(path)


def test_what_a_type_says_of_its_size_and_flags_is_not_believed(tmp_path):
    path = tmp_path / "labels.pkl"
    content = pickle.dumps([np.arange(3.0), np.float32(2)], protocol=2)
    flags = b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t"  # size, alignment, and flags: 0
    assert flags in content
    path.write_bytes(content.replace(flags, flags[:-2] + b"\x3ft"))  # as if it held objects
    array, number = load_pickle(path)
    assert (array + 1).tolist() == [1, 2, 3]
    assert not array.dtype.hasobject
    assert number == 2


def test_whole_numbers_beyond_64_bits_are_refused(tmp_path):
    path = tmp_path / "labels.pkl"
    for protocol in (0, 2, 5):
        path.write_bytes(pickle.dumps({"a": [2**63, -(10**400)]}, protocol=protocol))
        with pytest.raises(CorpusError, match="a whole number of more than 64 bits"):
            load_pickle(path)
        path.write_bytes(pickle.dumps({"a": [2**63]}, protocol=protocol))
        assert load_pickle(path) == {"a": [2**63]}


def test_an_array_that_is_called_holds_nothing(tmp_path):
    path = tmp_path / "labels.pkl"
    path.write_bytes(pickle.dumps(_Declares(RECONSTRUCT, (np.ndarray, HUGE, b"b"))))
    with limited_memory(2**31):
        assert load_pickle(path).size == 0
