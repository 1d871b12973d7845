import json
import shutil
import subprocess

import numpy as np
import pytest

from graphmer.checksums import read_arrays, read_json, read_sealed, seal, write_arrays, write_json
from graphmer.corpora.dataset import read_dataset
from graphmer.corpora.integrity import CHECKSUMS
from tests.experiment.tiny import write_own
from tests.talks import LABELS, WIDTHS, ragged


def test_content_comes_back_without_its_checksum(tmp_path):
    content = {"title": "Zürich sha256:", "values": [0.1 + 0.2, None]}
    write_json(tmp_path / "a.json", content)
    assert read_json(tmp_path / "a.json") == content
    write_arrays(tmp_path / "a.npz", {"x": np.arange(3), "name": np.array("Zürich")})
    found = read_arrays(tmp_path / "a.npz")
    assert (found["x"].tolist(), str(found["name"]), len(found)) == ([0, 1, 2], "Zürich", 2)


def test_other_programs_read_sealed_files(tmp_path):
    write_json(tmp_path / "a.json", {"value": 1})
    assert json.loads((tmp_path / "a.json").read_text())["value"] == 1
    write_arrays(tmp_path / "a.npz", {"x": np.arange(3)})
    with np.load(tmp_path / "a.npz") as stored:
        assert stored["x"].tolist() == [0, 1, 2]


def test_equal_content_gives_equal_files(tmp_path):
    for name in ("one", "other"):
        write_arrays(tmp_path / name, {"x": np.arange(3)})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_an_edited_number_is_noticed(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"value": 1}, indent=1)
    path.write_text(path.read_text().replace("1,", "2,", 1))
    with pytest.raises(ValueError, match="does not match its checksum: the file was damaged or edited"):
        read_json(path)


def test_files_of_earlier_versions_are_read(tmp_path):
    (tmp_path / "a.json").write_text('{"value": 1}')
    assert read_json(tmp_path / "a.json") == {"value": 1}
    np.savez_compressed(tmp_path / "a.npz", x=np.arange(3))
    assert read_arrays(tmp_path / "a.npz")["x"].tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="does not match its checksum"):
        read_sealed(tmp_path / "a.json", required=True)


@pytest.mark.parametrize("content", ["", "[]", "1", "{", "[" * 100_000])
def test_what_is_no_object_is_refused(content, tmp_path):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(ValueError, match=r"Expecting|must hold a JSON object|nested too deeply"):
        read_json(tmp_path / "a.json")


def test_python_objects_are_not_pickled(tmp_path):
    with pytest.raises(ValueError, match="The array 'x' must hold numbers or text; got Python objects"):
        write_arrays(tmp_path / "a.npz", {"x": np.array([{}], dtype=object)})
    assert not list(tmp_path.iterdir())


def test_a_single_array_is_no_archive(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(3))
    with pytest.raises(ValueError, match=r"not an \.npz file of arrays"):
        read_arrays(tmp_path / "a.npy")


def test_a_file_without_a_place_for_its_checksum_cannot_be_sealed(tmp_path):
    (tmp_path / "a").write_text("text")
    with pytest.raises(ValueError, match="has no place for its checksum"):
        seal(tmp_path / "a")


def test_a_corpus_without_checksums_is_read(tmp_path):
    folder = write_own(tmp_path / "own", ragged(), LABELS, WIDTHS)
    before = read_dataset(folder).fingerprint
    (folder / CHECKSUMS).unlink()
    assert read_dataset(folder).fingerprint == before


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum")
def test_sha256sum_verifies_a_corpus(tmp_path):
    folder = write_own(tmp_path / "own", ragged(), LABELS, WIDTHS)
    command = ["sha256sum", "-c", "--quiet", CHECKSUMS]
    assert subprocess.run(command, cwd=folder, check=False).returncode == 0
    (folder / "text.npy").write_bytes(b"other")
    assert subprocess.run(command, cwd=folder, check=False, capture_output=True).returncode == 1
