"""Do people and models stumble over the same images: the answer, the tables, and how it was counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from benchmark.analyses.human_labels.record import Contrast
from benchmark.analyses.human_labels.scores import Crowd, HumanScores
from benchmark.render import markdown as md
from benchmark.render.document import Block, Figures, Section, Table, pictures, table

TITLE = "Do people and models stumble over the same images?"

COMMAND = "python -m benchmark people"

NAMED = 3
"""Classes named as those that people disagree about most."""


FILE = "human-labels.md"


def section(scores: HumanScores, figures: Figures) -> Section:
    """Return the section."""
    blocks = [*answer(scores), *pictures(figures, "people-disagree"), *tables(scores)]
    about = "Whether the images that models miss are those that people disagree on."
    source = "what people said is taken from their sums"
    return Section(FILE, TITLE, about, blocks, reproduce=[COMMAND], source=source)


def answer(scores: HumanScores) -> list[str]:
    """Return the paragraphs that answer, of the hardest class first."""
    crowd = scores.crowd
    if scores.summary.hardest is None:
        return []
    return [_of_the_hardest(scores, crowd, scores.summary.hardest), _of_all(scores, crowd), _left_out(crowd)]


def tables(scores: HumanScores) -> list[Block]:
    """Return the table of all classes, that of the hardest, and how both were counted."""
    crowd = scores.crowd
    if scores.summary.hardest is None or not crowd.beside:
        return []
    name = md.escape(scores.summary.class_names[scores.summary.hardest])
    return [
        "**All classes**; entropy is that of an image's human labels, in bits:",
        _table(crowd, None),
        f"**{name} alone**:",
        _table(crowd, scores.summary.hardest),
        _rule(scores, crowd),
    ]


def _of_the_hardest(scores: HumanScores, crowd: Crowd, hardest: int) -> str:
    name = md.escape(scores.summary.class_names[hardest])
    found = crowd.contrasts(hardest)
    question = f"**Are the {name} images that the models miss the ones that people disagree on?"
    if not found:
        return f"{question} That cannot be told here: too few were missed, or the people were not asked about them.**"
    verdict = {
        "above": "Yes: people disagree more about them than about those that the models get right.",
        "below": "No: people are surer about them than about those that the models get right.",
        "open": "No: people disagree about them neither more nor less than about those that the models get right.",
        "mixed": "That depends on the model.",
    }[_side(found)]
    missed = [sum(contrast.fifths) for contrast in found]
    return (
        f"{question} {verdict}** Human entropy says how evenly people's labels of an image are spread. Among {name} "
        "alone, an image that was missed has more of it than one that was got right with a probability of "
        f"{_auc(found)}, by estimator (0.50 would be no relation; {_ends(found)}): "
        f"{_span([one.entropy_missed for one in found], _two)} bits on average against "
        f"{_span([one.entropy_right for one in found], _two)}. On "
        f"{_shares([one.same_answer for one in found], missed)} of the missed ones the people's majority says what the "
        f"model said, and on {_shares([one.label for one in found], missed)} what the label says; it calls "
        f"{md.percent(float(crowd.recall[hardest]))} of all {name} images {name}."
    )


def _of_all(scores: HumanScores, crowd: Crowd) -> str:
    found = crowd.contrasts(None)
    if not found:
        return ""
    verdict = {
        "above": "**Over all classes they do stumble over the same images**",
        "below": "**Over all classes, too, people are surer about what the models miss**",
        "open": "**Over all classes it makes no difference either**",
        "mixed": "**Over all classes it depends on the model, too**",
    }[_side(found)]
    entropy = np.array(crowd.people.entropy)
    most = [int(label) for label in np.argsort(-entropy, kind="stable")[:NAMED]]
    least = int(np.argmin(entropy))
    text = f"{verdict}: that probability is {_auc(found)} ({_ends(found)}). "
    text += f"Classes differ in it: people disagree most about {_classes(scores, most, entropy)}, and least about "
    text += f"{_classes(scores, [least], entropy)}."
    within = {label: each for label in range(len(entropy)) if (each := crowd.contrasts(label))}
    means = {label: float(np.mean([one.auc for one in each])) for label, each in within.items()}
    if len(means) > 1:
        low, high = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
        text += (
            f" Within one class the probability is {means[low]:.2f} ({md.escape(scores.summary.class_names[low])}) to "
            f"{means[high]:.2f} ({md.escape(scores.summary.class_names[high])}), as a mean over the estimators."
        )
    return text


def _table(crowd: Crowd, label: int | None) -> Table:
    rows = []
    for one in crowd.beside:
        group = one.group(label)
        cells = [md.escape(one.title), md.count(group.missed)]
        if contrast := group.contrast:
            cells += [
                _two(contrast.entropy_missed),
                _two(contrast.entropy_right),
                f"{contrast.auc:.2f} ({contrast.auc_low:.2f}–{contrast.auc_high:.2f})",
                md.percent(contrast.same_answer / group.missed),
                md.percent(contrast.label / group.missed),
            ]
        else:
            cells += [md.NONE] * 5
        rows.append([*cells, md.NONE if group.spearman is None else _two(group.spearman)])
    header = [
        "Estimator",
        "Missed",
        "Entropy of missed",
        "Entropy of right",
        "AUC (95 % interval)",
        "Majority says the same",
        "Majority says the label",
        "Correlation with own entropy",
    ]
    return table(header, rows)


def _rule(scores: HumanScores, crowd: Crowd) -> str:
    people = crowd.people
    clear = sum(row[label] for label, row in enumerate(people.confusion)) - people.ties_right
    low, high = (md.accuracy((clear + tied) / scores.summary.n_test) for tied in (0, people.ties_with_label))
    seeds = (
        " Of several seeds the first is shown." if any(len(row.records) > 1 for row in scores.summary.scored) else ""
    )
    return (
        f"**How it was counted**: {people.fewest} to {people.most} people labelled an image, {people.mean:.1f} on "
        "average; its human entropy is that of the shares of their labels. AUC is the probability that an image that "
        "was missed has more of it than one that was got right, ties half (the area under the ROC curve); its interval "
        f"comes from {people.resamples:,} bootstrap resamples of the images. *Majority says* is about missed images. "
        "The correlation is Spearman's, with the entropy of the estimator's own scores. Where fewer than "
        f"{people.smallest} images were missed, or right, nothing is said.{seeds} On {md.plural(people.ties, 'image')} "
        "the most frequent labels tie; the majority is then the first in the order of the classes, and however they "
        f"were broken its accuracy would lie between {low} and {high}. The labels are Fashion-MNIST-H (Ishida et al. "
        "2023, *Is the Performance of My Deep Network Too Good to Be True?*), licensed under GPL-3 and not kept here: "
        f"`{COMMAND}` fetches them and writes sums and means into `records/people.json`."
    )


def _left_out(crowd: Crowd) -> str:
    if not crowd.left_out:
        return ""
    titles = md.listing([f"*{md.escape(title)}*" for _, title in crowd.left_out])
    return f"Not compared with people, or not since their predictions changed: {titles}. Do so with `{COMMAND}`."


def _side(found: Sequence[Contrast]) -> str:
    """Return where the intervals lie beside one half: all "above", all "below", all around it ("open"), or "mixed"."""
    above, below = _apart(found)
    if above == len(found):
        return "above"
    if below == len(found):
        return "below"
    return "mixed" if above or below else "open"


def _apart(found: Sequence[Contrast]) -> tuple[int, int]:
    return sum(one.auc_low > 0.5 for one in found), sum(one.auc_high < 0.5 for one in found)


def _ends(found: Sequence[Contrast]) -> str:
    """Return how many intervals lie on which side of one half."""
    above, below = _apart(found)
    parts = [f"{'below' if side else 'above'} it for {count}" for side, count in ((1, below), (0, above)) if count]
    parts += [f"around it for {rest}"] if (rest := len(found) - above - below) else []
    return f"the 95 % interval lies {md.listing(parts)} of {len(found)}"


def _auc(found: Sequence[Contrast]) -> str:
    return _span([one.auc for one in found], _two)


def _shares(counts: Sequence[int], of: Sequence[int]) -> str:
    return _span([count / all_ for count, all_ in zip(counts, of, strict=True)], md.percent)


def _span(values: Sequence[float], form: Callable[[float], str]) -> str:
    low, high = form(min(values)), form(max(values))
    return low if low == high else f"{low} to {high}"


def _classes(scores: HumanScores, labels: Sequence[int], entropy: np.typing.NDArray[np.float64]) -> str:
    return md.listing(
        [f"{md.escape(scores.summary.class_names[label])} ({_two(entropy[label])} bits)" for label in labels]
    )


def _two(value: float) -> str:
    text = f"{value:.2f}"
    return text.replace("-", "−") if float(text) else text.lstrip("-")
