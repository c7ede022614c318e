"""How the numbers came about: the protocol, the machine, the versions, and the command that repeats it."""

from __future__ import annotations

import re
import shlex

from benchmark.analyses.human_labels import section as disagreement
from benchmark.analyses.learning_curve import section as curve
from benchmark.analyses.robustness import section as robustness
from benchmark.engine import protocol
from benchmark.leaderboard.footnotes import conditions_differ
from benchmark.leaderboard.summary import Failed, Scored, Summary
from benchmark.metrics import significance as inference
from benchmark.render import markdown as md
from benchmark.storage.records import Record

NAMED_DATASETS = ("fashion-mnist", "digits", "mnist", "kmnist")
"""What `--dataset` takes by name; but for OpenML's, anything else came from a path, which no record holds."""

DEFAULT_DATASET = "fashion-mnist"

MACHINE = ("system", "processor", "cores", "memory")
"""Keys of a record's environment that are the machine; the rest are versions."""


def section(summary: Summary) -> list[str]:
    """Return the section's paragraphs, without its heading and figures."""
    if not summary.scored:
        return [_reproduce(summary)]
    rules = [_data(summary), _tuning(summary), _test(summary), _times(summary), _statistics(summary)]
    rules += [curve.rule(summary)] if summary.learned else []
    rules += [robustness.rule(summary)] if summary.withstood else []
    return ["\n".join(f"- {rule}" for rule in rules), _machine(summary), _reproduce(summary)]


def _data(summary: Summary) -> str:
    test_set = summary.test_set
    return (
        f"**Data**: {md.escape(test_set.dataset)}, {test_set.n_train:,} training and {summary.n_test:,} test images "
        f"of {test_set.image_shape[0]}×{test_set.image_shape[1]} pixels in {len(summary.class_names)} classes "
        f"(SHA-256 `{re.sub('[^0-9a-zA-Z]', '', test_set.sha256)[:12]}…`)."
    )


def _tuning(summary: Summary) -> str:
    record = summary.scored[0].record
    trials = _range([len(row.record.trials) for row in summary.scored])
    rungs = sorted({rung.rows for row in summary.scored for trial in row.record.trials for rung in trial.rungs})
    text = f"**Tuning** sees training rows only: {trials} trials per estimator"
    if rungs:
        text += f", the best of which climb from {md.listing([f'{rows:,}' for rows in rungs])} rows"
        text = text.replace("climb from", "climb through") if len(rungs) > 1 else text.replace("climb from", "fit")
    text += f", scored on {record.validation_rows:,} other training rows, the same split for every estimator."
    return f"{text} Trial 0 is the plugin's own defaults."


def _test(summary: Summary) -> str:
    reads = max(record.test_reads for row in summary.scored for record in row.records)
    most = max(len(row.records) for row in summary.scored)
    seeds = f"{_range([len(row.records) for row in summary.scored])} seed{'s' * (most > 1)}"
    rows = _range([row.record.fit_rows for row in summary.scored])
    text = (
        f"**Test**: the winner is fitted again on {rows} rows, {seeds} each, and predicts the "
        "test images only then, after tuning is frozen"
    )
    return f"{text}, once per seed." if reads == 1 else f"{text}; up to {reads} times per seed (see the footnotes)."


def _times(summary: Summary) -> str:
    threads = _range([record.threads for row in summary.scored for record in row.records])
    parallel = _range([row.record.tuning_parallel for row in summary.scored])
    workers = _range([row.record.tuning_threads for row in summary.scored])
    devices = md.listing(sorted({md.escape(record.device) for row in summary.scored for record in row.records}))
    return (
        f"**Times**: fit and predict are measured alone on the machine after a warm-up, on {devices} with {threads} "
        f"{'thread' if threads == '1' else 'threads'}, as means over seeds. Tuning time is added up over the workers, "
        f"which ran {parallel} at a time with {workers} {'thread' if workers == '1' else 'threads'} each, so it is "
        "not the time a person waited; a trial that nothing was left to run beside may have had the threads of all "
        "workers, and then counts for each of them. Peak memory is that of the whole process, libraries included; "
        "model size is that of the fitted pipeline, pickled."
    )


def _statistics(summary: Summary) -> str:
    one_seed = [row for row in summary.scored if len(row.records) == 1]
    if not one_seed:
        seeds = "Both are in the interval."
    elif len(one_seed) == len(summary.scored):
        seeds = "Of one seed each, nothing here shows how much another training run would change."
    else:
        seeds = f"Of {md.listing([f'*{md.escape(row.title)}*' for row in one_seed])} there is one seed only, so their "
        seeds += "intervals do not cover what another training run would change."
    text = (
        f"**Intervals** are at 95 %, from {inference.RESAMPLES:,} bootstrap resamples of the test images and, within "
        "each row, of its seeds; all rows meet the same images. *Other images* is half the width of the interval over "
        f"test images alone, *other seeds* that of Student's interval over seeds alone. {seeds} **Ranks**: two rows "
        f"are told apart if McNemar's exact test on their first seeds, Holm-corrected over all "
        f"{md.plural(len(summary.pairs), 'pair')}, has p below {inference.LEVEL} and the interval of the difference "
        "leaves out zero; two that cannot be told apart share a rank (“=”), and so does what lies between them. Their "
        "letters say which of those are alike: two rows share one if, and only if, they cannot be told apart."
    )
    if any(row.accuracy.estimate in (0, 1) for row in summary.scored):
        text += " A row that is right (or wrong) on every image has Wilson's interval."
    families = [row.family for row in summary.scored]
    if any(families.count(family) > 1 for family in families):
        text += " The best of a family is picked by test accuracy, which favours the family with more entries a little."
    return text


def _machine(summary: Summary) -> str:
    record = summary.scored[0].record
    labels = {"cores": "{} cores", "memory": "{} memory"}
    found = {key: md.escape(record.environment[key]) for key in MACHINE if key in record.environment}
    machine = [labels.get(key, "{}").format(value) for key, value in found.items()]
    versions = {key: value for key, value in _versions(summary.scored).items() if key not in MACHINE}
    text = f"**Machine**: {', '.join(machine) or 'not recorded'}. "
    text += (
        f"**Versions**: {', '.join(f'{md.escape(k)} {md.escape(v)}' for k, v in versions.items()) or 'not recorded'}."
    )
    if conditions_differ(summary.scored):
        text += " These are the first row's: **not every row was measured alike**, see the marks in the table."
    return text


def _versions(rows: tuple[Scored, ...]) -> dict[str, str]:
    """Return the first row's environment, with what only other rows have (their own libraries) added."""
    found: dict[str, str] = {}
    for row in rows:
        for key, value in row.record.environment.items():
            found.setdefault(key, value)
    return found


def _reproduce(summary: Summary) -> str:
    rows: list[Scored | Failed] = [*summary.scored, *summary.failed]
    names: dict[str, list[str]] = {}
    for row in rows:
        latest = row.records[-1] if isinstance(row, Scored) else row.record  # more seeds may have been asked for since
        names.setdefault(run_command(latest), []).append(shlex.quote(" ".join(row.name.split())))
    if len(names) == 1:
        names = {command: ["--all"] for command in names}
    lines = [command.format(which=" ".join(which)) for command, which in names.items()]
    if summary.learned:
        lines.append(_curve_command(summary))
    if summary.withstood:
        lines.append(_robustness_command(summary))
    if summary.stopped:
        refitted = {name for name, _ in summary.stopped}
        lines.append(_winners_command(summary, "budget", [row.name for row in summary.scored if row.name in refitted]))
    if summary.crowd is not None:
        lines.append(disagreement.COMMAND)
    if summary.audit is not None:
        search = summary.audit.audit.search
        words = ["python -m benchmark audit", *_dataset_flag(summary.test_set.dataset)]
        lines.append(" ".join(words + ([f"--estimator {_word(search.estimator)}"] if search else [])))
    versions = ", with the versions above" if summary.scored else ""
    return "\n".join([f"To reproduce it{versions}:", "", "```", *lines, "```"]) if lines else ""


def run_command(record: Record) -> str:
    """Return what makes a record, `{which}` in place of its estimator."""
    name = str(record.preset.get("name", protocol.DEFAULT_PRESET))
    words = ["python -m benchmark run {which}", *_dataset_flag(record.dataset), f"--preset {_word(name)}"]
    usual = protocol.PRESETS.get(name)
    for flag in ("trials", "seeds"):
        value = record.preset.get(flag)
        if usual is not None and isinstance(value, int) and value != getattr(usual, flag):
            words.append(f"--{flag} {value}")
    return " ".join(words)


def _dataset_flag(dataset: str) -> list[str]:
    if number := re.fullmatch(r"openml-(\d+)", dataset, re.ASCII):  # no other data get such a name
        return [f"--dataset openml:{number[1]}"]
    if dataset not in NAMED_DATASETS:
        return ["--dataset PATH"]
    return [f"--dataset {dataset}"] if dataset != DEFAULT_DATASET else []


def _curve_command(summary: Summary) -> str:
    usual = max(protocol.CURVE_SEEDS)
    seeds = max((one.seed + 1 for each in summary.learned for one in each.measured if not one.record), default=usual)
    command = _winners_command(summary, "curve", [one.name for one in summary.learned])
    return command + f" --seeds {seeds}" * (seeds != usual)


def _robustness_command(summary: Summary) -> str:
    images = summary.withstood[0].images
    command = _winners_command(summary, "robustness", [one.name for one in summary.withstood])
    return command + f" --images {images}" * (images != min(protocol.CORRUPTED_IMAGES, summary.n_test))


def _winners_command(summary: Summary, verb: str, names: list[str]) -> str:
    """Return what is made from the records, once they are there."""
    words = [f"python -m benchmark {verb}", *(names if len(names) < len(summary.scored) else [])]
    words += _dataset_flag(summary.test_set.dataset)
    presets = {str(row.record.preset.get("name", "")) for row in summary.scored if row.name in names}
    words += [f"--preset {_word(preset)}" for preset in presets - {protocol.DEFAULT_PRESET} if len(presets) == 1]
    return " ".join(words)


def _word(text: str) -> str:
    """Return text that can stand in a command line."""
    return re.sub(r"[^\w.-]", "", text) or "standard"


def _range(values: list[int]) -> str:
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
