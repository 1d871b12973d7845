import csv
import io
import json
import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from graphmer.report.comparison import Comparison
from graphmer.report.comparison_figures import save_comparison_figures
from graphmer.report.comparison_page import comparison_page, html_table
from graphmer.report.comparison_table import comparison_table
from graphmer.report.comparison_values import comparison_csv, comparison_values
from graphmer.report.table import PARTIAL
from tests.report.comparisons import CONDITIONS, column, regressor, three

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

PROBE = """<pre id="probe"></pre><script>
const count = () => document.querySelectorAll("#by-rate polyline").length;
const bands = () => document.querySelectorAll("#by-rate polygon.area").length;
const dots = () => document.querySelectorAll("#by-set title").length;
const seen = [[count(), bands(), dots()]];
document.querySelector("#legend button").click();
seen.push([count(), bands(), dots()]);
document.getElementById("bands").click();
seen.push([count(), bands(), dots()]);
const wide = document.documentElement.scrollWidth > document.documentElement.clientWidth;
const name = document.querySelector("figcaption .metric").textContent;
document.getElementById("probe").textContent = JSON.stringify({ seen, wide, name });
</script></body>"""


def test_values_are_the_estimates_of_every_system():
    comparison = Comparison.of(three(), metrics=["wa", "ua"], reference="strong")
    values = comparison_values(comparison)
    assert json.loads(json.dumps(values, allow_nan=False))["format"] == "graphmer comparison"
    assert [metric["key"] for metric in values["metrics"]] == ["wa", "ua"]
    assert values["sets"] == ["a", "t", "at", PARTIAL]
    assert values["rates"] == ["rate:0.5"]
    cell = values["rows"]["t"]["middle"]["ua"]
    assert cell["mean"] == pytest.approx(comparison.estimates["middle", "t", "ua"].mean, abs=1e-6)
    assert set(values["differences"]["t"]) == {"weak", "middle"}
    assert values["ranks"]["wa"]["strong"] == pytest.approx(comparison.mean_ranks("wa")[2], abs=1e-6)


def test_csv_has_a_row_for_each_metric_condition_and_system():
    comparison = Comparison.of(three(), metrics=["wa", "ua"])
    rows = list(csv.DictReader(io.StringIO(comparison_csv(comparison))))
    assert len(rows) == 2 * (len(CONDITIONS) + 1) * 3
    by_key = {(row["system"], row["condition"], row["metric"]): row for row in rows}
    found = by_key["middle", "rate:0.5", "ua"]
    expected = comparison.differences["middle", "rate:0.5", "ua"]
    assert float(found["difference_mean"]) == pytest.approx(expected.mean, abs=1e-6)
    assert (found["missing"], found["parameters"], found["simulated"]) == ("0.48", "1234567", "false")
    assert by_key["weak", "a", "wa"]["difference_mean"] == ""


def test_the_tables_of_the_page_need_no_script_and_names_are_escaped():
    awkward = column("<b>&one</b>", 1, simulated=True)
    comparison = Comparison.of([awkward, column("two", 2)], title="<i>")
    text = comparison_page(comparison)
    body = text[: text.index("<script")]
    assert html_table(comparison_table(comparison, "wa")) in body
    assert '<th scope="col">&lt;b&gt;&amp;one&lt;/b&gt;</th>' in body
    assert "<b>&one" not in text
    assert "<title>SIMULATED: &lt;i&gt; · graphmer compare</title>" in text
    assert "SIMULATED dialogues" in body


def test_the_page_loads_nothing_and_is_not_marked_without_cause():
    text = comparison_page(Comparison.of(three()))
    assert not re.search(r"(?:src|href)\s*=|@import|url\(|https?://(?!www\.w3\.org/2000/svg)", text)
    assert "SIMULATED" not in text


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium found (apt-get install chromium)")
@pytest.mark.parametrize(
    ("columns", "name", "width"),
    [(three(), "WA", 1200), ([regressor("bad", 2.0), regressor("good", 0.1)], "MAE", 420)],
)
def test_the_plots_show_every_system_and_the_legend_hides_one(columns, name, width, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(comparison_page(Comparison.of(columns)).replace("</body>", PROBE), encoding="utf-8")
    done = subprocess.run(
        [
            CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--enable-logging=stderr", f"--user-data-dir={tmp_path}/profile", f"--window-size={width},900",
            "--virtual-time-budget=2000", "--dump-dom", path.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line] == []
    found = json.loads(re.search(r'<pre id="probe">(.*?)</pre>', done.stdout, re.DOTALL)[1])
    many = len(columns)
    assert found["seen"] == [
        [many, many, 4 * many],
        [many - 1, many - 1, 4 * (many - 1)],
        [many - 1, 0, 4 * (many - 1)],
    ]
    assert found["name"] == name
    assert found["wide"] is False


def test_figures_are_written_for_every_metric_and_many_systems(tmp_path):
    columns = [replace(column("s", 1 + n % 5), name=f"system_{n}") for n in range(12)]
    written = save_comparison_figures(Comparison.of(columns, metrics=["wa", "ua"]), tmp_path / "figures")
    assert [path.name for path in written] == [
        "comparison_wa.png", "comparison_wa.svg", "comparison_ua.png", "comparison_ua.svg",
    ]  # fmt: skip
    assert all(path.stat().st_size > 10_000 for path in written)
