"""The command line. What a command does is imported when it runs: help needs no Kafka client."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NoReturn

import click

from streams.dead_letters.cli import dead_letters
from streams.erase.cli import erase
from streams.failures import Failure
from streams.printable import printable
from streams.ranking.cli import ranking
from streams.replay.cli import replay
from streams.settings import CLIENT_GROUPS, GROUPS, Settings
from streams.settings_flags import SettingsCommand
from streams.settings_table import markdown
from streams.simulator.cli import simulate
from streams.snapshot.cli import snapshot
from streams.spaces.cli import spaces
from streams.why.cli import why

PROGRAM = "goldstream"
WRONG_USAGE, BUG, INTERRUPTED = 2, 70, 130
EPILOG = (
    "First look: goldstream demo. Every command explains itself: goldstream worker --help. "
    "Exit codes: 0 done; 1 not as wanted, a person must act; 2 wrong usage or setting; 3 no broker; "
    "70 a defect; 130 Ctrl-C."
)


def _version() -> str:
    try:
        return metadata.version(PROGRAM)
    except metadata.PackageNotFoundError:
        return "(not installed)"


@click.group(
    PROGRAM,
    context_settings={"max_content_width": 110, "help_option_names": ["-h", "--help"]},
    epilog=EPILOG,
)
@click.version_option(_version(), message=f"{PROGRAM} %(version)s")
def commands() -> None:
    """Score annotations as they are submitted; emit labels once they are sure. Exactly once, on Kafka."""


@commands.command(
    "worker",
    short_help="Run a worker until Ctrl-C or SIGTERM.",
    cls=SettingsCommand,
    groups=GROUPS,
    examples=(
        "goldstream worker --broker kafka-1:9092,kafka-2:9092",
        "goldstream worker --namespace pilot --instance-id worker-1 --web-port 0",
        "GOLDSTREAM_BATCH_RECORDS=10000 goldstream worker --config /etc/goldstream.toml",
    ),
)
def worker(settings: Settings) -> int:
    """Run a worker: it takes its share of the partitions, and works until Ctrl-C or SIGTERM.

    The topics must exist (goldstream topics create). Start as many workers as you like on the same namespace,
    up to its number of partitions; each may be killed at any time. Flags win over the environment, the
    environment over the file, the file over the defaults.
    """
    from streams.worker import run

    return run(settings)


@commands.command(
    "demo",
    short_help="Play a simulated campaign through a broker, live.",
    cls=SettingsCommand,
    groups=(),
    examples=(
        "goldstream demo",
        "goldstream demo --seed 7 --keep",
        "goldstream demo --broker 127.0.0.1:9092 --tasks 5000 --seconds 120",
    ),
)
@click.option("--seed", type=int, metavar="N", default=1, help="Seed of everything that is simulated [default 1].")
@click.option(
    "--tasks",
    type=click.IntRange(1, 1_000_000),
    metavar="N",
    help="Tasks in the campaign [default: what fits the time].",
)
@click.option(
    "--seconds",
    type=click.IntRange(5, 86_400),
    metavar="N",
    default=45,
    help="The campaign ends after so many, done or not [default 45].",
)
@click.option("--keep", is_flag=True, help="Leave broker and worker running after the summary, until Ctrl-C.")
@click.option("--broker", metavar="HOST:PORT", help="Use this Kafka broker instead of the embedded one.")
def demo(settings: Settings, broker: str | None, **choices: Any) -> int:
    """Play a simulated annotation campaign through a broker and a worker, in real messages, and show it live.

    60 annotators of different skill, with spammers, speed clickers and an adversary among them, label 4-class
    tasks, 5% of them gold. Without --broker it runs on an embedded broker in memory that is gone afterwards.
    """
    from streams.demo import run
    from streams.demo.options import DemoOptions

    return run(DemoOptions(settings=settings, embedded=broker is None, **choices))


@commands.group("topics", short_help="Create, list or check the topics, and who may use them.")
def topics() -> None:
    """Create, list or check the topics of a namespace, and who may use them."""


@topics.command(
    "create",
    short_help="Create the topics that are missing.",
    cls=SettingsCommand,
    groups=CLIENT_GROUPS,
    examples=("goldstream topics create --broker kafka-1:9092 --partitions 12 --replication 3",),
)
def topics_create(settings: Settings) -> int:
    """Create the topics that are missing, with their partitions, cleanup, retention and size limits.

    What exists is left as it is: goldstream topics check says whether it is as it should be.
    """
    from streams.topics_commands import create

    return create(settings)


@topics.command(
    "list",
    short_help="List the topics and whether they exist.",
    cls=SettingsCommand,
    groups=CLIENT_GROUPS,
    examples=("goldstream topics list --broker kafka-1:9092 --namespace pilot",),
)
def topics_list(settings: Settings) -> int:
    """List every topic of the namespace: its key, who writes it, how long it is kept, whether it exists."""
    from streams.topics_commands import show

    return show(settings)


@topics.command(
    "acls",
    short_help="Show, give or check each role's rights.",
    cls=SettingsCommand,
    groups=CLIENT_GROUPS,
    examples=(
        "goldstream topics acls --principal worker=User:annotation-worker --principal reader=User:ml",
        "goldstream topics acls --apply --broker kafka-1:9093 --security-protocol SASL_SSL ...",
        "goldstream topics acls --commands --principal gateway=User:CN=gateway",
    ),
)
@click.option(
    "--principal",
    "principals",
    metavar="ROLE=PRINCIPAL",
    multiple=True,
    help="Who has a role, as Kafka names it; may be repeated [default: every role, User:NAMESPACE-ROLE].",
)
@click.option("--apply", "action", flag_value="apply", help="Create what is missing on the brokers.")
@click.option("--check", "action", flag_value="check", help="Name what is missing and what is superfluous.")
@click.option("--commands", "action", flag_value="commands", help="Print lines for kafka-acls.sh instead.")
def topics_acls(settings: Settings, principals: tuple[str, ...], action: str | None) -> int:
    """Print the least rights that each role needs in the namespace; nothing is asked of a broker.

    With --apply or --check, log in as one who may change the brokers' lists: no role may. --apply takes nothing away.
    """
    from streams import acls_commands

    return acls_commands.run(settings, principals, action or "show")


@topics.command(
    "check",
    short_help="Name each mismatch between brokers and plan.",
    cls=SettingsCommand,
    groups=CLIENT_GROUPS,
    examples=("goldstream topics check --broker kafka-1:9092 --partitions 12 --replication 3",),
)
def topics_check(settings: Settings) -> int:
    """Compare the brokers' topics with what goldstream needs, and name each mismatch; then exit with 1.

    What a broker does not tell is shown as unknown, and is no mismatch.
    """
    from streams.topics_commands import check

    return check(settings)


commands.add_command(dead_letters)
commands.add_command(erase)
commands.add_command(why)
commands.add_command(snapshot)
commands.add_command(spaces)
commands.add_command(ranking)
commands.add_command(replay)
commands.add_command(simulate)


@commands.command("settings", short_help="Print the table of all settings in Markdown.")
def settings_table() -> int:
    """Print the table of all settings in Markdown, as the README shows it.

    Example: goldstream settings > settings.md
    """
    click.echo(markdown(), nl=False)
    return 0


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; what goes wrong is told in lines, never in a traceback.

    Parameters
    ----------
    arguments : sequence of str, optional
        The command line without the program's name; the process's own by default.
    """
    try:
        return int(commands.main(arguments, prog_name=PROGRAM, standalone_mode=False) or 0)
    except Failure as failure:
        return _end(failure.exit_code, *failure.lines)
    except click.ClickException as error:
        return _wrong_usage(error)
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        return _reader_left()
    except Exception as error:  # noqa: BLE001 - the last line of defence: people see what and where, not a stack
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        message = " ".join(str(error).split())
        return _end(BUG, f"a defect, please report it: {type(error).__name__} at {where}: {message}")


def main() -> NoReturn:
    """Run the process's command line and exit."""
    sys.exit(run())


def _wrong_usage(error: click.ClickException) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return WRONG_USAGE
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = context.command_path if context else PROGRAM
    return _end(WRONG_USAGE, f"{error.format_message()} (see {command} --help)")


def _end(code: int, *lines: str) -> int:
    for line in lines:
        click.echo(f"{PROGRAM}: {printable(line)}", err=True)
    return code


def _reader_left() -> int:
    # Whoever read our output has enough (`| head`); without this the interpreter complains while it exits.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    main()
