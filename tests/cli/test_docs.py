"""What the README, docs/, CONTRIBUTING and SECURITY say is so: commands, links, paths, words."""

from __future__ import annotations

import argparse
import configparser
import contextlib
import importlib.util
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import benchmark
from benchmark.cli import main as cli
from benchmark.datasets import NAMES
from benchmark.engine import registry
from tests import CHECKOUT
from tests.plugin_lab import checkout
from tests.speed import __main__ as speed
from tools.speed import __main__ as compared

PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", *sorted(f"docs/{p.name}" for p in CHECKOUT.glob("docs/*.md")))
TEXTS = {page: (CHECKOUT / page).read_text(encoding="utf-8") for page in PAGES}

FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.S | re.M)
INLINE = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")

PROGRAMS = ("python3", "python", "pip", "source", "ssh", "bash", "dask", "ruff", "mypy", "lint-imports")
"""All that a page may ask a reader to type."""

WANTED = ("naive_bayes", "NAME")
"""Estimators that a page has the reader write."""

WANTED_COMMAND = ("model_size", "sizes")
"""The analysis that a page has the reader write, and its command."""

WORDS = (
    *("anew", "beside", "by lot", "as they come", "lies", "let go", "mended", "once more", "stands", "thereof"),
    *("told apart", "whom"),
)


def commands(text: str) -> Iterator[str]:
    """Yield every command of a page: each line of a bash block, and inline code that starts with a program."""
    for language, block in FENCED.findall(text):
        if language == "bash":
            for line in block.splitlines():
                for part in shlex.join(shlex.split(line, comments=True)).split(" '&&' "):
                    if part:
                        yield part
    for code in INLINE.findall(FENCED.sub("", text)):
        words = code.split()
        if len(words) > 1 and Path(words[0]).name in PROGRAMS:
            yield " ".join(words)


def check(command: str) -> None:
    """Fail unless a command would be understood: program, subcommand, flags, estimators, extras, files."""
    first, *rest = shlex.split(command)
    assert first in PROGRAMS or first in {f".venv/bin/{program}" for program in PROGRAMS}, command
    match [Path(first).name, *rest]:
        case ["python" | "python3", "-m", module, *arguments]:
            _check_module(module, arguments)
        case ["pip", "install", *arguments]:
            _check_install([argument for argument in arguments if argument not in ("-q", "-e")])
        case ["source", path]:
            assert path == ".venv/bin/activate"
        case ["bash", path]:
            assert (CHECKOUT / path).is_file()
        case ["ssh", "-L", forward, "HOST"]:
            assert re.fullmatch(r"(\d+):127\.0\.0\.1:\1", forward), forward
        case ["dask", kind, *arguments]:
            assert kind in ("scheduler", "worker")
            tool = pytest.importorskip(f"distributed.cli.dask_{kind}")
            tool.main.make_context(kind, arguments)
        case ["ruff" | "mypy" | "lint-imports" as tool, *_]:
            package = {"lint-imports": "import-linter"}.get(tool, tool)
            assert any(re.match(rf"{package}\b", wanted) for wanted in _extras()["dev"]), command
        case _:
            raise AssertionError(f"not a command that a page should give: {command}")


def _check_module(module: str, arguments: list[str]) -> None:
    match module:
        case "venv":
            assert arguments == [".venv"]
        case "pytest":
            assert arguments in ([], ["-m", "slow"])
        case "benchmark" if arguments == [WANTED_COMMAND[1]]:
            pass
        case "benchmark":
            _check_estimators(_parsed(cli.parser(), arguments))
        case "tests.overhead":
            _parsed(cli.parser(), ["run", *arguments])
        case "tests.speed":
            _parsed(speed._parser(), arguments)
        case "tools.speed":
            _parsed(compared.parser(), arguments)
        case _:
            assert module.startswith(("tests.", "tools.")), module
            assert importlib.util.find_spec(module) is not None, module
            assert not arguments


def _parsed(parser: argparse.ArgumentParser, arguments: list[str]) -> argparse.Namespace:
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            return parser.parse_args(arguments)
    except SystemExit as end:
        if end.code:
            raise AssertionError(f"{' '.join(arguments)}: {said.getvalue()}") from None
        return argparse.Namespace()  # --version and --help


def _check_estimators(given: argparse.Namespace) -> None:
    # `audit` has one in --estimator, `predict` several in --model; of commands without any, the attributes are missing.
    named = [*getattr(given, "names", ()), *(getattr(given, "model", None) or ())]
    named += [name for name in (getattr(given, "name", None), getattr(given, "estimator", None)) if name]
    for name in named:
        assert name in WANTED or name in registry.plugins(), name
    dataset = getattr(given, "dataset", None)
    if dataset is not None:
        assert dataset in NAMES or re.fullmatch(r"openml:\d+|my_photos(/|@\d+(x\d+)?)|PATH", dataset), dataset


def _check_install(wanted: list[str]) -> None:
    (package,) = wanted
    if package != ".":
        extras = re.fullmatch(r"\.\[([a-z,]+)\]", package)
        assert extras is not None, package
        assert set(extras[1].split(",")) <= set(_extras()), package


def test_the_page_about_estimators_lists_all_of_them() -> None:
    listed = re.findall(r"^\| `(\w+)` \| (.+?) \| (\w+) \|", TEXTS["docs/estimators.md"], re.M)
    declared = {name: plugin.load() for name, plugin in registry.plugins().items()}
    assert sorted(listed) == [(name, each.title, each.family) for name, each in sorted(declared.items())]


def test_the_page_about_libraries_names_every_dependency_and_no_other() -> None:
    page = TEXTS["docs/libraries.md"].lower()
    called = {"opencv-python-headless": "opencv", "distributed": "dask", "jinja2": "jinja"}
    with (CHECKOUT / "pyproject.toml").open("rb") as file:
        wanted = tomllib.load(file)["project"]["dependencies"]
    wanted += [each for members in _extras().values() for each in members]
    names = {re.split(r"[=><;\[ ]", each)[0].lower() for each in wanted}
    names = {called.get(name, name) for name in names}
    tools = {"classical-vs-cnn", "mypy", "pytest", "pytest-regressions", "pytest-xdist", "ruff", "types-psutil"}
    for name in names - tools:
        assert name in page, name
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \|", page, re.M)
    listed = {name.split(" (")[0] for row in rows for name in row.split(", ")} - {"library", "---"}
    assert listed <= names, listed - names


def _extras() -> dict[str, list[str]]:
    with (CHECKOUT / "pyproject.toml").open("rb") as file:
        extras: dict[str, list[str]] = tomllib.load(file)["project"]["optional-dependencies"]
    return extras


@pytest.mark.parametrize("page", PAGES)
def test_every_command_would_be_understood(page: str) -> None:
    for command in commands(TEXTS[page]):
        check(command)


def test_pages_have_commands_to_check() -> None:
    assert sum(len(list(commands(text))) for text in TEXTS.values()) >= 50
    pages = [page for page in PAGES if page.startswith("docs/") and "```bash" in TEXTS[page]]
    assert all(list(commands(TEXTS[page])) for page in pages)


@pytest.mark.parametrize(
    "command",
    [
        "python -m benchmark ruin --all",
        "python -m benchmark run --every",
        "python -m benchmark run knm",
        "python -m benchmark run --preset fast",
        "python -m benchmark predict boot.jpg --model knm",
        "python -m benchmark audit --estimator knm",
        "python -m benchmark run --all --dataset fashion-mnits",
        "python -m tests.nothing",
        "python -m tests.speed svm",
        "python -m tools.speed svm",
        "python -m tests.overhead --every",
        ".venv/bin/pip install -e '.[apps]'",
        "pip install numpy",
        "ssh -L 8000:127.0.0.1:80 HOST",
        "bash .ci/ruin",
        "curl http://example.org",
    ],
)
def test_a_command_that_is_wrong_is_found(command: str) -> None:
    with pytest.raises(AssertionError):
        check(command)


def test_commands_are_found_in_blocks_and_in_sentences() -> None:
    text = "```bash\npip install -e . && python -m a  # a, `python -m b`\n\nc\n```\nSay `python -m\nd` or `e`.\n"
    assert list(commands(text)) == ["pip install -e .", "python -m a", "c", "python -m d"]


@pytest.mark.parametrize("page", PAGES)
def test_every_flag_that_it_names_exists(page: str) -> None:
    parser = cli.parser()
    (found,) = (action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    known = set(re.findall(r"--[a-z-]+", "".join(each.format_help() for each in found.values()) + parser.format_help()))
    named = set(re.findall(r"`(--[a-z-]+)[^`]*`", FENCED.sub("", TEXTS[page])))
    assert named <= known


@pytest.mark.parametrize("page", [*PAGES, "CHANGELOG.md"])
def test_every_link_leads_somewhere(page: str) -> None:
    text = (CHECKOUT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert (CHECKOUT / page).parent.joinpath(target).exists(), f"{page}: {target}"


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_it_names_exists(page: str) -> None:
    for path in re.findall(r"`((?:benchmark|tests|models|\.ci)/[\w/.]*)`", TEXTS[page]):
        if not {*Path(path).with_suffix("").parts} & {*WANTED, WANTED_COMMAND[0]}:
            assert (CHECKOUT / path).exists(), path


@pytest.mark.parametrize("page", PAGES)
def test_words_to_do_without(page: str) -> None:
    prose = INLINE.sub("", FENCED.sub("", TEXTS[page]))  # CONTRIBUTING lists them as code
    assert not re.findall(rf"\b(?:{'|'.join(WORDS)})\b", " ".join(prose.split()), re.I)


def test_contributing_lists_the_same_words_to_do_without() -> None:
    (line,) = re.findall(r"^- Do without these words: (.*?\.)$", TEXTS["CONTRIBUTING.md"], re.S | re.M)
    assert sorted(INLINE.findall(line)) == sorted(WORDS)


def copy_records(checkout: Path, *estimators: str) -> None:
    """Copy the records of some estimators, one seed each, to a checkout."""
    there, here = (folder / "results" / "fashion-mnist" / "records" for folder in (CHECKOUT, checkout))
    wanted = [there.glob("test-set.*"), *(there.glob(f"{name}/seed-0.*") for name in estimators)]
    for path in (path for paths in wanted for path in paths):
        here.joinpath(path.relative_to(there)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, here / path.relative_to(there))


def python_of(page: str) -> list[str]:
    return [block for language, block in FENCED.findall(TEXTS[page]) if language == "python"]


def test_every_page_with_python_has_a_test() -> None:
    pages = {page for page in PAGES if python_of(page)}
    assert pages == {"README.md", "docs/notebook.md", "docs/add-an-analysis.md"}


def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_records(tmp_path, "hog_svm")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        for block in python_of("docs/notebook.md"):
            exec(block, names)
    assert "SVM on HOG" in printed.getvalue()
    assert len(names["predicted"]) == 10_000  # type: ignore[arg-type]


def test_the_analysis_copied_out_has_its_command_page_csv_and_figure(tmp_path: Path) -> None:
    lab = checkout(tmp_path / "lab")
    copy_records(lab, "svm_pca")
    folder = lab / "benchmark" / "analyses" / "model_size"
    folder.mkdir()
    (source,) = python_of("docs/add-an-analysis.md")
    (folder / "__init__.py").write_text(source, encoding="utf-8")
    command = [sys.executable, "-m", "benchmark", "sizes"]
    environment = {**os.environ, "PYTHONPATH": str(lab)}
    done = subprocess.run(command, cwd=lab, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The smallest model is *SVM on PCA*." in done.stdout
    results = lab / "results" / "fashion-mnist"
    assert "**The smallest model is *SVM on PCA*.**" in (results / "model-size.md").read_text(encoding="utf-8")
    assert len((results / "model-size.csv").read_text(encoding="utf-8").splitlines()) == 2
    assert (results / "figures" / "model-size.png").is_file()
    assert "(model-size.md)" in (results / "leaderboard.md").read_text(encoding="utf-8")
    assert ">Model size<" in (results / "leaderboard.html").read_text(encoding="utf-8")


def test_the_two_maps_show_every_folder() -> None:
    package = CHECKOUT / "benchmark"
    rooms = {f"{path.name}/" if path.is_dir() else path.name for path in package.iterdir() if path.name[:2] != "__"}
    (tree,) = (block for _, block in FENCED.findall(TEXTS["docs/architecture.md"]) if block.startswith("models/"))
    assert set(re.findall(r"^  ([a-z]+(?:/|\.py)) ", tree, re.M)) == rooms
    assert set(re.findall(r"^    ([a-z]+(?:/|\.py)) ", benchmark.__doc__ or "", re.M)) == rooms
    for path in re.findall(r"[a-z]+/[a-z_/]+\.py", benchmark.__doc__ or ""):
        assert (package / path).exists(), path


def test_the_picture_of_the_layers_is_the_contract() -> None:
    contract = configparser.ConfigParser()
    contract.read(CHECKOUT / ".importlinter")
    layers = contract["importlinter:contract:layers"]["layers"].split("\n")
    drawn = re.findall(r'<text class="name"[^>]*>([^<]*)</text>', (CHECKOUT / "docs" / "layers.svg").read_text())
    assert drawn == [layer.strip() for layer in layers if layer.strip()]


def test_lint_imports_runs_before_each_commit() -> None:
    hooks = (CHECKOUT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    (hook,) = re.findall(r"entry: lint-imports, .*", hooks)
    assert "language: system" in hook
    assert "pass_filenames: false" in hook
