"""How the numbers came about: the protocol, the machine, the versions, and the commands that repeat it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from benchmark.datasets.dataset import size_text
from benchmark.leaderboard import about_pictures
from benchmark.leaderboard.commands import run_commands
from benchmark.leaderboard.footnotes import conditions_differ, notes
from benchmark.leaderboard.summary import Scored, Summary
from benchmark.leaderboard.table import every_number
from benchmark.metrics import significance
from benchmark.render import fmt
from benchmark.render import markdown as md
from benchmark.render.document import Block, Bullets, Code, Heading, Section

FILE = "method.md"
TITLE = "How it was measured"

MACHINE = ("system", "processor", "cores", "memory")
"""Keys of a record's environment that are the machine; the rest are versions."""


def section(summary: Summary, others: Sequence[Section]) -> Section:
    """Return the section.

    Parameters
    ----------
    summary : Summary
    others : sequence of Section
        Those that come before it, with their own rules and commands.
    """
    commands = [*run_commands(summary), *(command for other in others for command in other.reproduce)]
    blocks: list[Block] = []
    if summary.scored:
        rules = [
            _data(summary),
            *_reading(summary),
            _tuning(summary),
            _test(summary),
            _times(summary),
            _statistics(summary),
        ]
        rules += [rule for other in others for rule in other.method]
        blocks += [Bullets(tuple(rules)), _machine(summary)]
    if commands:
        versions = ", with the versions above" if summary.scored else ""
        blocks += [f"To reproduce it{versions}:", Code(tuple(commands))]
    if summary.scored:
        blocks += [Heading("Every number of each row"), *every_number(summary, notes(summary))]
    about = "Data, protocol, statistics, machine, versions, every number of each row, and how to reproduce it."
    return Section(FILE, TITLE, about, blocks)


def _data(summary: Summary) -> str:
    test_set = summary.test_set
    images = f"{test_set.n_train:,} training and {summary.n_test:,} test images"
    if test_set.folds:
        images = f"{summary.n_test:,} images"
    return (
        f"**Data**: {md.escape(test_set.dataset)}, {images} of {size_text(test_set.image_shape)}, in "
        f"{len(summary.class_names)} classes (SHA-256 `{re.sub('[^0-9a-zA-Z]', '', test_set.sha256)[:12]}…`)."
    )


def _reading(summary: Summary) -> list[str]:
    """Return what the loader did with the user's own images; nothing of a published data set."""
    facts = about_pictures.sentences(summary)
    return [f"**Reading**: {' '.join(facts[1:])}"] if facts else []


def _tuning(summary: Summary) -> str:
    record = summary.scored[0].record
    trials = _range([len(row.record.trials) for row in summary.scored])
    rungs = sorted({rung.rows for row in summary.scored for trial in row.record.trials for rung in trial.rungs})
    folds = summary.test_set.folds
    each = "in each fold " if folds else ""
    text = f"**Tuning** sees training rows only. Each estimator has {trials} trials {each}".rstrip()
    if len(rungs) > 1:
        text += f"; the best of them are fitted on more and more rows ({fmt.listing([f'{rows:,}' for rows in rungs])})"
    elif rungs:
        text += f", fitted on {rungs[0]:,} rows"
    text += (
        f". Trials are scored on {record.validation_rows:,} other training rows, which are the same for every estimator"
    )
    if folds:
        text += ". Row numbers are of the first fold; what is chosen in one fold is not used for another"
    return f"{text}. Trial 0 has the plugin's own defaults."


def _test(summary: Summary) -> str:
    if summary.test_set.folds:
        return _folds(summary)
    reads = max(record.test_reads for row in summary.scored for record in row.records)
    most = max(len(row.records) for row in summary.scored)
    seeds = f"{_range([len(row.records) for row in summary.scored])} seed{'s' * (most > 1)}"
    rows = _range([row.record.fit_rows for row in summary.scored])
    often = "once per seed" if reads == 1 else f"up to {reads} times per seed (see the notes below the table)"
    return (
        f"**Test**: tuning is frozen first. Then the best parameters are fitted again on {rows} rows, with {seeds} "
        f"each, and the test images are predicted {often}."
    )


def _folds(summary: Summary) -> str:
    folds, most = summary.test_set.folds, max(len(row.records) for row in summary.scored)
    rows = _range([row.record.fit_rows for row in summary.scored])
    text = (
        f"**Cross-validation**: the images are parted into {folds} folds, in each of which every class has its share; "
        "copies of an image are in one fold. Each fold is the test part once: an estimator is tuned on the other folds "
        f"alone, fitted on them (on {rows} rows on average) and predicts this fold, in a worker process that has not "
        "fitted an image of it. So every image is predicted once, and the predictions of all folds are scored as one. "
    )
    if most > 1:
        text += f"This is done {_range([len(row.records) for row in summary.scored])} times, each with other folds. "
    return (
        f"{text}The folds are the same for every estimator. Where a page says seed, it is a repeat here; parameters "
        "are those of the first fold."
    )


def _times(summary: Summary) -> str:
    threads = _range([record.threads for row in summary.scored for record in row.records])
    parallel = _range([row.record.tuning_parallel for row in summary.scored])
    workers = _range([row.record.tuning_threads for row in summary.scored])
    devices = fmt.listing(sorted({md.escape(record.device) for row in summary.scored for record in row.records}))
    over = "folds and repeats" if summary.test_set.folds else "seeds"
    return (
        f"**Times** of fit and predict are measured on {devices} with {threads} "
        f"{'thread' if threads == '1' else 'threads'}. Each fit has the machine to itself, after a warm-up; times are "
        f"means over {over}. Tuning time is the sum over workers, of which {parallel} ran at a time with {workers} "
        f"{'thread' if workers == '1' else 'threads'} each, so a person waited for less. The last trial may have had "
        "the threads of all workers; its time then counts for each of them. Peak memory is that of the whole process, "
        "libraries included. Model size is that of the fitted pipeline, pickled."
    )


def _statistics(summary: Summary) -> str:
    one_seed = [row for row in summary.scored if len(row.records) == 1]
    if summary.test_set.folds:
        return _statistics_of_folds(summary)
    if not one_seed:
        seeds = "The interval covers both."
    elif len(one_seed) == len(summary.scored):
        seeds = "Each row has one seed, so nothing here shows how much another training run would change."
    else:
        titles = fmt.listing([f"*{md.escape(row.title)}*" for row in one_seed])
        seeds = f"One seed each have {titles}: their intervals do not cover what another training run would change."
    text = (
        f"**Intervals** are at 95 %, from {significance.RESAMPLES:,} bootstrap resamples of the test images and, "
        "within each row, of its seeds; all rows are resampled with the same images. *Other images* is half the width "
        "of the interval over test images alone; *other seeds* is that of Student's interval over seeds alone. "
        f"{seeds} **Ranks**: two rows differ significantly if McNemar's exact test on their first seeds, "
        f"Holm-corrected over all {fmt.plural(len(summary.pairs), 'pair')}, has p below {significance.LEVEL}, and the "
        "interval of the difference leaves out zero. Rows that do not differ significantly share a rank (“=”), and so "
        "do the rows between them. Two rows share a letter if, and only if, they do not differ significantly."
    )
    if any(row.accuracy.estimate in (0, 1) for row in summary.scored):
        text += " A row that is right (or wrong) on every image has Wilson's interval."
    families = [row.family for row in summary.scored]
    if any(families.count(family) > 1 for family in families):
        text += " The best of a family is picked by test accuracy, which slightly favours the family with more rows."
    return text


def _statistics_of_folds(summary: Summary) -> str:
    folds, repeats = summary.test_set.folds, max(len(row.records) for row in summary.scored)
    return (
        "**Intervals** are at 95 %. That of an accuracy, and of a difference of two, is the corrected resampled "
        "interval (Nadeau and Bengio 2003): models of different folds share training images, so their results are not "
        f"independent. With the accuracies of J = {folds * repeats} folds, the variance of their mean is taken to be "
        f"(1/J + 1/{folds - 1}) times theirs, and Student's t has J − 1 degrees of freedom. *Other images* is half the "
        f"width of an interval from {significance.RESAMPLES:,} bootstrap resamples of the images, and so are the "
        "intervals of F1: they do not cover what other training images would change. **Ranks**: two rows differ "
        "significantly if the corrected resampled t-test of their differences, fold by fold, Holm-corrected over all "
        f"{fmt.plural(len(summary.pairs), 'pair')}, has p below {significance.LEVEL}. Rows that do not differ "
        "significantly share a rank (“=”), and so do the rows between them. Two rows share a letter if, and only if, "
        "they do not differ significantly. Where all folds have the same result, the interval is that of a test part: "
        "Wilson's of an accuracy, and of a difference the bootstrap's, with McNemar's p."
    )


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
        text += " These are the first row's: **not every row was measured alike**, see the notes below the table."
    return text


def _versions(rows: tuple[Scored, ...]) -> dict[str, str]:
    """Return the first row's environment, with what only other rows have (their own libraries) added."""
    found: dict[str, str] = {}
    for row in rows:
        for key, value in row.record.environment.items():
            found.setdefault(key, value)
    return found


def _range(values: list[int]) -> str:
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
