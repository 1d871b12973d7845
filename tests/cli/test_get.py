"""Fetching of corpora, from a local server."""

import hashlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from graphmer.corpora import sources
from graphmer.corpora.cards import MELD
from graphmer.corpora.sources import SOURCES, Source

FIRST, SECOND = b"Utterance,Speaker\n" * 20_000, b"the second file"
pytest.importorskip("pooch", reason="needs pooch")


class Server(ThreadingHTTPServer):
    """A server of files by name that may break off, and notes which ranges it was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {"first.csv": FIRST, "second.csv": SECOND}
        self.most: int | None = None
        self.ranges: list[str | None] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        content = self.server.files.get(self.path.lstrip("/"))
        if content is None:
            return self.send_error(404)
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        begin = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked else 0
        if begin >= len(content):
            return self.send_error(416)
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        self.wfile.write(content[begin:][: self.server.most])
        return None

    def log_message(self, *arguments: object) -> None: ...


@pytest.fixture(name="server")
def _server(monkeypatch) -> Iterator[Server]:
    server = Server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    known = hashlib.sha256(FIRST).hexdigest()
    source = Source(
        MELD, "https://example.org/meld", server.address, {"first.csv": known, "second.csv": None}
    )
    monkeypatch.setattr(sources, "SOURCES", {"meld": source})
    yield server
    server.shutdown()
    server.server_close()


def test_the_right_files_are_fetched_with_licence_and_citation_and_only_once(server, graphmer, tmp_path):
    done = graphmer("data", "get", "meld", tmp_path / "meld")
    assert done.code == 0, done.err
    assert (tmp_path / "meld" / "first.csv").read_bytes() == FIRST
    assert (tmp_path / "meld" / "second.csv").read_bytes() == SECOND
    assert "Licence: GPL-3.0" in done.out
    assert "Poria et al. (2019)" in done.out
    assert "first.csv: fetched, verified" in done.out
    assert f"no checksum is known; SHA-256 {hashlib.sha256(SECOND).hexdigest()}" in done.out
    assert sorted(path.name for path in (tmp_path / "meld").iterdir()) == ["first.csv", "second.csv"]
    again = graphmer("data", "get", "meld", tmp_path / "meld")
    assert again.out.count("was there") == 2
    assert len(server.ranges) == 2


def test_a_file_with_another_checksum_is_not_kept(server, graphmer, tmp_path):
    server.files["first.csv"] = FIRST[:-1] + b"!"
    done = graphmer("data", "get", "meld", tmp_path)
    assert done.code == 2
    (problem,) = done.err.splitlines()
    assert "first.csv: is another file than the one that graphmer knows" in problem
    assert "https://example.org/meld" in problem
    assert not (tmp_path / "first.csv").exists()
    assert (tmp_path / "second.csv").read_bytes() == SECOND


def test_a_download_that_was_cut_off_is_continued(server, graphmer, tmp_path):
    server.most = 100_000
    broken = graphmer("data", "get", "meld", tmp_path)
    assert broken.code == 2
    assert "was cut off" in broken.err
    assert "Traceback" not in broken.err
    server.most = None
    server.ranges.clear()
    done = graphmer("data", "get", "meld", tmp_path)
    assert done.code == 0, done.err
    assert (tmp_path / "first.csv").read_bytes() == FIRST
    (asked,) = server.ranges
    assert 0 < int(asked.removeprefix("bytes=").removesuffix("-")) <= 100_000
    assert not list(tmp_path.glob(".*"))


def test_a_rest_that_belongs_to_no_download_is_thrown_away(server, graphmer, tmp_path):
    (tmp_path / ".first.csv.download").write_bytes(FIRST + b"more")
    assert graphmer("data", "get", "meld", tmp_path).code == 0
    assert (tmp_path / "first.csv").read_bytes() == FIRST


def test_a_file_that_is_not_there_is_said_and_the_others_are_kept(server, graphmer, tmp_path):
    del server.files["first.csv"]
    done = graphmer("data", "get", "meld", tmp_path)
    assert done.code == 2
    (problem,) = done.err.splitlines()
    assert "404 Not Found. Or put first.csv from https://example.org/meld into" in problem
    assert (tmp_path / "second.csv").is_file()


def test_without_a_network_one_line_a_file_says_what_to_put_where(server, graphmer, tmp_path):
    server.shutdown()
    server.server_close()
    done = graphmer("data", "get", "meld", tmp_path)
    assert done.code == 2
    lines = done.err.splitlines()
    assert len(lines) == 2
    assert all("cannot be reached" in line and "--from" in line for line in lines)


def test_a_mirror_or_a_folder_takes_the_place_of_the_authors_server(server, graphmer, tmp_path):
    folder = tmp_path / "usb"
    folder.mkdir()
    (folder / "first.csv").write_bytes(FIRST)
    (folder / "second.csv").write_bytes(SECOND)
    assert graphmer("data", "get", "meld", tmp_path / "a", "--from", folder).code == 0
    assert server.ranges == []
    assert graphmer("data", "get", "meld", tmp_path / "b", "--from", f"{server.address}/").code == 0
    assert (tmp_path / "a" / "first.csv").read_bytes() == (tmp_path / "b" / "first.csv").read_bytes()
    (folder / "first.csv").write_bytes(b"another")
    refused = graphmer("data", "get", "meld", tmp_path / "c", "--from", folder)
    assert "is another file than the first.csv that graphmer knows" in refused.complaint


def test_a_changed_file_is_named_and_not_overwritten(server, graphmer, tmp_path):
    (tmp_path / "first.csv").write_bytes(b"mine")
    assert "Move it away" in graphmer("data", "get", "meld", tmp_path).complaint
    assert (tmp_path / "first.csv").read_bytes() == b"mine"


def test_an_unknown_corpus_is_refused_with_those_there_are(graphmer):
    assert graphmer("data", "get", "melt").complaint == (
        "CORPUS: must be one of meld, emorynlp, reccon, emocontext, edireef; got 'melt'."
    )


def test_files_of_known_corpora_have_distinct_names_and_valid_checksums():
    for source in SOURCES.values():
        assert source.base.startswith("https://")
        assert len(source.files) == 3
        known = [checksum for checksum in source.files.values() if checksum is not None]
        assert all(re.fullmatch("[0-9a-f]{64}", checksum) for checksum in known)
        assert Path(next(iter(source.files))).suffix in (".csv", ".json", ".txt")
