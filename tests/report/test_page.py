import json
import re

import pytest

from graphmer.report.page import page
from tests.report.pages import content_of, finished_run


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    return content_of(finished_run(tmp_path_factory.mktemp("page")))


def test_nothing_is_loaded_over_the_network(content):
    text = page(content)
    assert "default-src 'none'" in text
    assert not re.search(r"<(link|img|iframe|script[^>]*src)", text)
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest", text)


def test_the_embedded_data_equals_the_content(content):
    (embedded,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page(content), re.S)
    assert json.loads(embedded) == json.loads(json.dumps(content))


def test_names_are_escaped_in_script_and_markup(content):
    text = page({**content, "title": "</script><b>&bold", "config": "<!-- </script>"})
    assert "</script><b>" not in text
    assert "<title>SIMULATED: &lt;/script&gt;&lt;b&gt;&amp;bold" in text


def test_simulated_dialogues_are_in_the_title(content):
    assert content["simulated"]
    assert "<title>SIMULATED: tiny" in page(content)
    assert "<title>tiny" in page({**content, "simulated": False})
