import shutil
import subprocess

import pytest

from graphmer.report.comparison import Comparison
from graphmer.report.comparison_table import comparison_tables
from graphmer.report.latex import escaped, latex
from graphmer.report.sheet import Sheet
from tests.report.comparisons import column

AWKWARD = r"a_b 100% {x} $5 & #1 ~ ^ \end | <t> " + '"q" ±µ'

SHEET = Sheet(
    "T_1",
    ("condition", "gcnet_iemocap-4", "50 %"),
    (("a", "-1.5 [-2.0, -1.0]", "3.0 ± 0.1"), ("rank", "1", "-")),
    ("In %.",),
    bold=frozenset({(0, 1)}),
    breaks=(1,),
)


def test_special_characters_are_escaped():
    assert escaped("a_b&c%d#e$f{g}") == r"a\_b\&c\%d\#e\$f\{g\}"
    assert escaped("\\input{x}") == r"\textbackslash{}input\{x\}"
    assert escaped("two\nlines\x1b[1m") == "two lines [1m"
    assert escaped("~^<>±µ") == (r"\textasciitilde{}\textasciicircum{}\textless{}\textgreater{}$\pm$$\mu$")


def test_a_table_has_the_rules_of_booktabs_bold_cells_and_minus_signs():
    lines = [line.strip() for line in latex(SHEET, "tab:one").splitlines()]
    begin = lines.index(r"\toprule")
    assert lines[begin : begin + 7] == [
        r"\toprule",
        r"condition & gcnet\_iemocap-4 & 50 \% \\",
        r"\midrule",
        r"a & \textbf{$-$1.5 [$-$2.0, $-$1.0]} & 3.0 $\pm$ 0.1 \\",
        r"\midrule",
        r"rank & 1 & - \\",
        r"\bottomrule",
    ]
    assert r"\caption{T\_1}" in lines
    assert r"\label{tab:one}" in lines
    assert r"\begin{tabular}{lrr}" in lines
    assert lines[-2].endswith(r"In \%.")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex found")
def test_the_tables_of_awkward_names_compile(tmp_path):
    comparison = Comparison.of([column(AWKWARD, 1), column("plain", 2)], title=AWKWARD)
    tables = "\n".join(latex(sheet, f"tab:{n}") for n, sheet in enumerate(comparison_tables(comparison)))
    (tmp_path / "paper.tex").write_text(
        "\\documentclass{article}\n\\usepackage[T1]{fontenc}\n\\usepackage[utf8]{inputenc}\n"
        f"\\usepackage{{booktabs}}\n\\begin{{document}}\n{tables}\n\\end{{document}}\n",
        encoding="utf-8",
    )
    subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"],
        cwd=tmp_path, check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    assert (tmp_path / "paper.pdf").is_file()
