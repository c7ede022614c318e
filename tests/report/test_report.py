"""The report: known records in, exact numbers out; the same bytes twice; nothing that a name can break."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pytest_regressions.file_regression import FileRegressionFixture

from benchmark import load, report
from benchmark.errors import BenchmarkError
from benchmark.leaderboard.summary import summarise
from benchmark.render import fmt
from benchmark.storage import records
from tests import synthetic_results as synthetic

pytestmark = pytest.mark.usefixtures("drawn_once")

RESULTS = Path(__file__).parents[2] / "results" / "fashion-mnist"

HOSTILE = ("a|b", "</script>", "=1+1", "`x`\n# y", "$x$", "[l](j:x)", "\\", "*b*", "-1", "@SUM", "é漢", "a|b")


def tables(text: str) -> list[list[list[str]]]:
    """Return the tables of a page as rows of cells."""
    blocks = re.findall(r"(?:^\|.*\n)+", text, flags=re.M)
    return [[re.split(r"(?<!\\)\|", line)[1:-1] for line in block.splitlines()] for block in blocks]


def section(text: str, heading: str) -> str:
    """Return what stands under a heading of the page, up to the next one."""
    return text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def cells(text: str, place: int) -> dict[str, list[str]]:
    """Return a table's rows by the text of their first cell."""
    return {row[0].strip(): [cell.strip() for cell in row[1:]] for row in tables(text)[place][2:]}


def page(folder: Path, file: str = "leaderboard.md") -> str:
    """Return leaderboard.md, or another page, without drawing a figure."""
    return report.texts(folder)[file].decode()


@pytest.fixture(scope="module")
def realistic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five estimators, two seeds and one failure, with the report written."""
    folder = tmp_path_factory.mktemp("realistic")
    synthetic.write_realistic(folder, seeds=2)
    synthetic.write_failure(folder, "knn", title="k nearest", status="oom", reason="needs 12 GiB")
    report.write(folder)
    return folder


def test_the_pages_and_their_pictures(realistic: Path) -> None:
    text = (realistic / "leaderboard.md").read_text()
    headings = re.findall(r"^#+ (.*)$", text, flags=re.M)
    assert headings == ["Leaderboard: fashion-mnist", "The estimators", "F1 of each class", "Where Shirt fails", "More"]
    pages = sorted(path.name for path in realistic.glob("*.md"))
    linked = re.findall(r"^- \[.+\]\((.+\.md)\): .+\.$", text, flags=re.M)
    assert sorted([*linked, "leaderboard.md"]) == pages
    assert linked[0] == "significance.md"
    assert linked[-1] == "method.md"
    texts = {name: (realistic / name).read_text() for name in pages}
    shown = [
        path for each in texts.values() for path in re.findall(r"^!\[.{30,}\]\((figures/.+\.png)\)$", each, flags=re.M)
    ]
    assert sorted(shown) == sorted(path.relative_to(realistic).as_posix() for path in (realistic / "figures").iterdir())
    for name, each in texts.items():
        assert "nan" not in each.lower().split(), name
    leaderboard = tables(text)[0]
    assert len(leaderboard) == 2 + 6
    assert "**ran out of memory**: needs 12 GiB" in leaderboard[-1][3]
    assert "<sup>a</sup> Trained on augmented images: mirrored, shifted." in text
    assert "softmax of `decision_function`" in texts["method.md"]
    assert (
        "python -m benchmark run cnn svm_pca lightgbm xgboost logistic_regression knn --preset standard\n"
        in texts["method.md"]
    )


@pytest.mark.parametrize("file", ["leaderboard.md", "significance.md", "method.md", "shirt.md"])
def test_the_words_of_a_page(realistic: Path, file: str, file_regression: FileRegressionFixture) -> None:
    file_regression.check(page(realistic, file), basename=file.removesuffix(".md"), extension=".md", encoding="utf-8")


def test_the_leaderboard_answers_on_its_first_screen() -> None:
    """Of seventeen estimators with all that there is."""
    assert len((RESULTS / "leaderboard.md").read_text(encoding="utf-8").splitlines()) <= 120


def test_load_gives_the_csv(realistic: Path) -> None:
    table = load(realistic)
    rows = list(csv.DictReader(io.StringIO((realistic / "leaderboard.csv").read_text())))
    assert list(rows[0]) == list(table.columns)
    assert [row["estimator"] for row in rows] == table["estimator"].tolist()
    for name in ("test_accuracy", "fit_seconds", "f1_Shirt"):
        assert [float(row[name]) for row in rows[:-1]] == pytest.approx(table[name].tolist()[:-1], rel=1e-5)
    assert rows[-1]["status"] == "oom"
    assert rows[-1]["rank"] == ""
    assert rows[-1]["test_accuracy"] == ""
    assert rows[0]["peak_memory_bytes"] == "700000000"


def test_loading_needs_no_matplotlib() -> None:
    code = "import sys, benchmark.leaderboard.table; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_same_records_same_bytes(realistic: Path) -> None:
    files = report.render(realistic)
    assert set(files) == {path.relative_to(realistic).as_posix() for path in realistic.rglob("*") if path.is_file()} - {
        path.relative_to(realistic).as_posix() for path in (realistic / "records").rglob("*")
    }
    for name, blob in files.items():
        assert (realistic / name).read_bytes() == blob, name


def copied(folder: Path, to: Path) -> Path:
    shutil.copytree(folder, to, dirs_exist_ok=True)
    return to


def test_check_passes_on_what_was_written(realistic: Path) -> None:
    assert report.check(realistic) == []


def test_check_finds_edits(realistic: Path, tmp_path: Path) -> None:
    folder = copied(realistic, tmp_path)
    figures = folder / "figures"
    text = folder / "leaderboard.md"
    text.write_text(text.read_text().replace("0.93", "0.94"))
    (folder / "leaderboard.csv").unlink()
    (figures / "per-class-f1.png").unlink()
    shutil.copy(figures / "confusion-matrices.png", figures / "hardest-images.png")
    (figures / "old.png").write_bytes((figures / "confusion-matrices.png").read_bytes())
    (figures / "mine.png").write_bytes(b"not ours")
    assert sorted(report.check(folder)) == [
        "figures/hardest-images.png",
        "figures/old.png",
        "figures/per-class-f1.png",
        "leaderboard.csv",
        "leaderboard.html",
        "leaderboard.md",
    ]
    report.write(folder)
    assert report.check(folder) == []
    assert not (figures / "old.png").exists()
    assert (figures / "mine.png").exists()


def test_check_finds_other_pixels_under_the_old_stamp(realistic: Path, tmp_path: Path) -> None:
    folder = copied(realistic, tmp_path)
    one, other = folder / "figures" / "per-class-f1.png", folder / "figures" / "hardest-images.png"
    text = PngInfo()
    for key, value in Image.open(one).text.items():
        text.add_text(key, value)
    Image.open(other).save(one, pnginfo=text)
    other.write_bytes(other.read_bytes()[:-40])
    assert report.check(folder) == ["figures/per-class-f1.png", "figures/hardest-images.png", "leaderboard.html"]

    before = {path: path.stat().st_ino for path in folder.rglob("*.*")}
    report.write(folder)
    assert report.check(folder) == []
    drawn = {path for path, node in before.items() if path.stat().st_ino != node}  # what was drawn the same is left
    assert drawn == {one, other}
    assert {path: path.read_bytes() for path in drawn} == {
        path: (realistic / "figures" / path.name).read_bytes() for path in drawn
    }


def test_check_finds_a_changed_record(realistic: Path, tmp_path: Path) -> None:
    folder = copied(realistic, tmp_path)
    results = records.read(folder)
    record = next(record for record in results.records if record.estimator == "cnn")
    records.write(folder, dataclasses.replace(record, fit_seconds=9.0), results.proba["cnn", record.seed])
    pages = {"leaderboard.md", "leaderboard.html", "leaderboard.csv", "method.md"}
    assert set(report.check(folder)) == {*pages, "figures/accuracy-fit-time.png"}
    worse = results.proba["cnn", record.seed].copy()
    worse[:200] = worse[::-1][:200]
    records.write(folder, record, worse)
    assert len(report.check(folder)) >= 5


def test_names_cannot_break_out(tmp_path: Path) -> None:
    y = np.arange(240) % len(HOSTILE)
    test_set = synthetic.write_test_set(tmp_path, y, HOSTILE, dataset="x|y</script>")
    for place, title in enumerate(HOSTILE[:4]):
        wrong = np.where(np.arange(240) % 7 == place, (y + 1 + place) % len(HOSTILE), y)
        synthetic.write_predictions(tmp_path, test_set, f"e{place}", wrong, title=title, augmentation=title)
    synthetic.write_failure(tmp_path, "bad", title=HOSTILE[1], reason="no | way\n| really | `x` <b>")
    files = report.render(tmp_path)
    text = "\n".join(blob.decode() for name, blob in files.items() if name.endswith(".md"))
    found = tables(text)
    assert len(found) >= 6
    for table in found:
        assert len({len(row) for row in table}) == 1, table
    assert "</script>" not in text
    assert "<b>" not in text
    assert not re.search(r"(?<!\\)\]\(j:", text)
    assert not re.search(r"(?<!\\)`x", text)
    assert not re.search(r"^# y", text, flags=re.M)
    rows = list(csv.reader(io.StringIO(files["leaderboard.csv"].decode())))
    assert len({len(row) for row in rows}) == 1
    assert len(rows) == 6
    words = [cell for row in rows for cell in row if not re.fullmatch(r"-?[\d.e-]+", cell)]
    assert not [cell for cell in words if cell.startswith(("=", "+", "-", "@"))]
    assert "figures/pairs.png" in files


@pytest.mark.parametrize("family", ["classical", "cnn"])
def test_one_estimator_and_two_classes(tmp_path: Path, family: str) -> None:
    y = np.arange(60) % 2
    test_set = synthetic.write_test_set(tmp_path, y, ["no", "yes"], dataset="digits")
    synthetic.write_predictions(tmp_path, test_set, "one", np.where(np.arange(60) < 5, 1 - y, y), family=family)
    missing = "CNN" if family == "classical" else "classical pipeline"
    text = page(tmp_path)
    assert f"no {missing} has a result here" in text
    assert "python -m benchmark run one --dataset digits --preset standard" in page(tmp_path, "method.md")
    assert len([name for name in report.render(tmp_path) if name.endswith(".png")]) == 9


@pytest.mark.parametrize("shift", [0, 1], ids=["every answer right", "every answer wrong"])
@pytest.mark.parametrize("classes", [3, 120])
def test_where_all_classes_fare_alike_none_is_the_hardest(tmp_path: Path, classes: int, shift: int) -> None:
    y = np.arange(20 * classes) % classes
    test_set = synthetic.write_test_set(tmp_path, y, [f"class {label}" for label in range(classes)])
    for name, family in (("x", "classical"), ("y", "cnn")):
        synthetic.write_predictions(tmp_path, test_set, name, (y + shift) % classes, family=family)
    files = {name: text.decode() for name, text in report.texts(tmp_path).items()}
    board = files["leaderboard.md"]
    assert "No class is harder than the others, so none is called the hardest." in board
    assert not [name for name in files if name.startswith("class-")]
    assert "fails" not in board.replace("failed", "")
    assert "lowest F1, " not in board
    alt = re.search(r"Confusion matrices of 2 estimators\. (.*?)\]\(", files["significance.md"])
    assert alt is not None
    assert alt[1] == ("The most common error is class 0 called class 1." if shift else "There is no error.")
    nothing = "**Pick**: none. No row classifies any test image correctly."
    assert (nothing in board) == bool(shift)


def test_a_class_never_predicted_and_one_without_images(tmp_path: Path) -> None:
    y = np.arange(60) % 2
    test_set = synthetic.write_test_set(tmp_path, y, ["a", "b", "ghost"])
    synthetic.write_predictions(tmp_path, test_set, "x", np.zeros(60, dtype=int))
    assert summarise(records.read(tmp_path)).hardest == 1
    assert cells(section(page(tmp_path), "F1 of each class"), 0) == {"X": ["**0.667**", "0.000", "—"]}
    assert len([name for name in report.render(tmp_path) if name.endswith(".png")]) == 9


def test_nothing_finished(tmp_path: Path) -> None:
    synthetic.write_test_set(tmp_path, np.arange(10))
    synthetic.write_failure(tmp_path, "cnn", title="CNN", family="cnn", status="timeout", reason="after 1 h")
    files = report.render(tmp_path)
    assert set(files) == {"leaderboard.md", "leaderboard.html", "leaderboard.csv", "method.md"}
    text = files["leaderboard.md"].decode()
    assert "No estimator finished" in text
    assert "**ran out of time**: after 1 h" in text
    assert load(tmp_path)["status"].tolist() == ["timeout"]


def test_no_records(tmp_path: Path) -> None:
    for verb in (report.render, report.write, report.check):
        with pytest.raises(BenchmarkError, match="no records here"):
            verb(tmp_path)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 ms"),
        (0.0123, "12 ms"),
        (0.36, "0.36 s"),
        (9.44, "9.4 s"),
        (34, "34 s"),
        (556, "9.3 min"),
        (9000, "2.5 h"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert fmt.duration(seconds) == text


@pytest.mark.parametrize(
    ("n_bytes", "text"), [(12, "12 B"), (4_200, "4.2 kB"), (999_900, "1.0 MB"), (5.0e6, "5.0 MB"), (1.23e9, "1.2 GB")]
)
def test_size(n_bytes: float, text: str) -> None:
    assert fmt.size(n_bytes) == text


def test_points() -> None:
    assert fmt.points([0.0291, 0.0241, 0.0341]) == ["2.9", "2.4", "3.4"]
    assert fmt.points([-0.002, -0.00001, 0.004]) == ["−0.20", "0.00", "0.40"]
