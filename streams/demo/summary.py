"""What the demo says at its end: the numbers, and what to try next."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from streams.demo.campaign import REDUNDANCY
from streams.demo.play import Frame
from streams.demo.screen import Rows, percent
from streams.loopback import free_port
from streams.settings import Settings


def numbers(frame: Frame, metrics: str) -> Rows:
    """Return what came of the campaign."""
    sent = (
        f"{frame.sent:,} sent in {frame.elapsed_s:.1f} s by {frame.annotators} annotators, {frame.gold_sent:,} on gold"
    )
    tasks = f"{frame.tasks - frame.unlabelled:,} of {frame.tasks:,} tasks"
    same, first = percent(frame.accuracy.majority), percent(frame.accuracy_of_first_votes).strip()
    rows = [
        ("annotations", f"{sent}; {frame.taken_in:,} taken in, {frame.dead:,} dead letters"),
        ("labels", f"{tasks}: {frame.settled:,} settled, {frame.undecided:,} undecided"),
        ("goldstream", f"{percent(frame.accuracy.goldstream)} of the {frame.settled:,} settled labels are right"),
        ("plain majority", f"{same} on the same tasks and votes; {first} on their first {REDUNDANCY} votes"),
    ]
    if frame.undecided:
        share = percent(frame.undecided_right / frame.undecided)
        rows.append(("", f"{share} on the {frame.undecided:,} tasks that goldstream leaves undecided"))
    if not frame.finished:
        rows.insert(0, ("cut short", f"time was up; {frame.unlabelled:,} tasks were still open"))
    return [*rows, *_people(frame), ("metrics", metrics)]


def _people(frame: Frame) -> Rows:
    verdicts = frame.verdicts
    missed = ", ".join(annotator.pseudonym for annotator in verdicts.missed)
    if frame.gold_each < frame.min_gold:
        missed = f"about {frame.gold_each:.0f} gold answers each; a verdict needs {frame.min_gold}"
    caught = f"{len(verdicts.caught)} of {verdicts.wanted} who spam, click or mislead; {len(verdicts.missed)} missed"
    wronged = f"{len(verdicts.wronged)} of {frame.annotators - verdicts.wanted} honest annotators"
    rows = [("caught", caught + (f" ({missed})" if verdicts.missed else "")), ("flagged wrongly", wronged)]
    if verdicts.wronged:
        below = sum(flagged.annotator.accuracy < frame.gold_accuracy for flagged in verdicts.wronged)
        gold = [flagged.gold for flagged in verdicts.wronged]
        reason = f"{below} are in truth right less than {frame.gold_accuracy:.0%} of the time"
        luck = f"{len(gold) - below} had bad luck on {min(gold)} to {max(gold)} gold answers"
        rows.append(("", f"{reason}, {luck}"))
    return rows


def addresses(settings: Settings, metrics_url: str) -> Rows:
    """Return where everything is while it is kept running."""
    ready_url = metrics_url.removesuffix("/metrics") + "/ready"
    return [
        ("broker", settings.broker),
        ("namespace", settings.namespace),
        ("metrics", metrics_url),
        ("readiness", ready_url),
    ]


def commands_beside(settings: Settings, metrics_url: str) -> Rows:
    """Return commands for a broker and a worker that are kept running."""
    own = program()
    where = f"--broker {settings.broker} --namespace {settings.namespace} --partitions {settings.partitions}"
    rows = [
        ("what the worker counts", f"curl -s {metrics_url}"),
        ("the topics", f"{own} topics list {where}"),
    ]
    if settings.guarantee == "exactly_once":  # without transactions nothing fences: one worker
        rows.append(("one more worker", f"{own} worker {where} --web-port {free_port()}"))
    return rows


def next_commands(settings: Settings, *, in_clone: bool) -> Rows:
    """Return commands worth trying.

    Parameters
    ----------
    in_clone : bool
        Whether `make` is at hand here.
    """
    own = program()
    where = f"--broker {'127.0.0.1:9092' if in_clone else settings.broker}"
    again = ("the same, left running to look around in", "make demo ARGS=--keep" if in_clone else f"{own} demo --keep")
    kafka = ("a real Kafka broker at 127.0.0.1:9092; leave it running and use another terminal", "make kafka")
    tests = ("lint, types and all tests, those on a real Kafka included", "make test")
    on_kafka = [
        ("create the topics", f"{own} topics create {where}"),
        ("see what each is for", f"{own} topics list {where}"),
        ("run a worker, exactly once", f"{own} worker {where}"),
        ("play this campaign on that broker", f"{own} demo {where}"),
    ]
    if in_clone:
        return [again, kafka, *on_kafka, tests]
    return [again, *on_kafka]


def program() -> str:
    """Return how this program is called from here."""
    script = Path(sys.argv[0])
    if script.name != "goldstream":
        return f"{shlex.quote(_from_here(Path(sys.executable)))} -m streams.cli"
    found = shutil.which(script.name)
    if found is not None and Path(found).absolute() == script.absolute():
        return script.name
    return shlex.quote(_from_here(script))


def _from_here(path: Path) -> str:
    absolute, here = path.absolute(), Path.cwd()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(absolute)
