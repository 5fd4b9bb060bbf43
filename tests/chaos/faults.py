"""How each kind of fault is caused, and taken back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from tests.chaos.load import Load
from tests.chaos.schedule import Fault, KindName
from tests.chaos.stage import FOURTH, Stage
from tests.kafka.cluster import until

Cause = Callable[[Stage, Load, Fault], Awaitable[None]]

TAKES_S = 40.0
"""How long something that a fault leads to may take: the machine may have other work."""


async def cause(stage: Stage, load: Load, fault: Fault) -> bool:
    """Wait, let the fault happen, take it back; return whether it could be had here."""
    await asyncio.sleep(fault.pause_s)
    if fault.kind == "disk-full" and not stage.has_disk:
        return False
    await CAUSES[fault.kind](stage, load, fault)
    stage.look_after()
    return True


async def _kill(stage: Stage, _load: Load, fault: Fault) -> None:
    worker = stage.workers[fault.worker]
    worker.kill()
    await asyncio.sleep(fault.lasts_s)
    worker.start()


async def _terminate(stage: Stage, _load: Load, fault: Fault) -> None:
    worker = stage.workers[fault.worker]
    await stage.stop(worker)
    await asyncio.sleep(fault.lasts_s)
    worker.start()


async def _zombie(stage: Stage, _load: Load, fault: Fault) -> None:
    worker = stage.workers[fault.worker]
    worker.signal(signal.SIGSTOP)
    try:
        await asyncio.sleep(fault.lasts_s)
    finally:
        worker.signal(signal.SIGCONT)


async def _broker_killed(stage: Stage, _load: Load, fault: Fault) -> None:
    await asyncio.to_thread(stage.broker.kill)
    await asyncio.sleep(fault.lasts_s)
    await stage.restart_broker()


async def _broker_frozen(stage: Stage, _load: Load, fault: Fault) -> None:
    os.kill(stage.broker.pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(fault.lasts_s)
    finally:
        os.kill(stage.broker.pid, signal.SIGCONT)


@contextlib.asynccontextmanager
async def _mended(stage: Stage, fault: Fault) -> AsyncIterator[None]:
    try:
        yield
        await asyncio.sleep(fault.lasts_s)
    finally:
        stage.proxies[fault.worker].mend()


async def _cut(stage: Stage, _load: Load, fault: Fault) -> None:
    async with _mended(stage, fault):
        stage.proxies[fault.worker].cut()


async def _delay(stage: Stage, _load: Load, fault: Fault) -> None:
    async with _mended(stage, fault):
        stage.proxies[fault.worker].delay_s = fault.size / 1000


async def _throttle(stage: Stage, _load: Load, fault: Fault) -> None:
    async with _mended(stage, fault):
        stage.proxies[fault.worker].bytes_per_s = fault.size * 1000


async def _restless(stage: Stage, _load: Load, fault: Fault) -> None:
    fourth = stage.workers[FOURTH]
    for _ in range(3):
        fourth.start()
        await asyncio.sleep(fault.lasts_s)
        await stage.stop(fourth)
        await asyncio.sleep(fault.lasts_s / 2)


async def _twin(stage: Stage, _load: Load, fault: Fault) -> None:
    """The one that came later has the identity; the elder must end, and say why."""
    elder, twin = stage.workers[fault.worker], stage.twin_of(fault.worker)
    said = len(elder.log_text())
    twin.start()
    try:
        await asyncio.sleep(fault.lasts_s)
        with contextlib.suppress(AssertionError):  # told below
            await until(lambda: not (elder.running and twin.running), seconds=TAKES_S, what="one of two twins ends")
        if elder.running:
            stage.findings.append(f"{elder.name}: another worker has its instance_id, and it goes on")
        elif elder.exit_code != 1 or "instance_id" not in elder.log_text()[said:]:
            stage.findings.append(f"{elder.name}: exit code {elder.exit_code} when another worker took its instance_id")
        if not twin.running:
            stage.findings.append(f"{twin.name} ended with exit code {twin.exit_code}, and not the elder")
    finally:
        await stage.stop(twin)
    if not elder.running:
        elder.start()


async def _clock_jump(_stage: Stage, load: Load, fault: Fault) -> None:
    load.days_off = fault.size
    try:
        await asyncio.sleep(fault.lasts_s)
    finally:
        load.days_off = 0.0


async def _poison(_stage: Stage, load: Load, fault: Fault) -> None:
    load.poison_due += int(fault.size)


async def _disk_full(stage: Stage, _load: Load, fault: Fault) -> None:
    """A broker whose only disk fails ends by itself, sooner or later; later is a kill."""
    stage.disk.fill()
    try:
        with contextlib.suppress(AssertionError):
            await until(lambda: not stage.broker.running, seconds=10 + fault.lasts_s, what="the broker gives up")
        await asyncio.to_thread(stage.broker.kill)
    finally:
        stage.disk.free()
    await stage.restart_broker()


CAUSES: Mapping[KindName, Cause] = {
    "kill": _kill,
    "terminate": _terminate,
    "zombie": _zombie,
    "broker-kill": _broker_killed,
    "broker-outage": _broker_killed,
    "broker-frozen": _broker_frozen,
    "cut": _cut,
    "delay": _delay,
    "throttle": _throttle,
    "restless": _restless,
    "twin": _twin,
    "clock-jump": _clock_jump,
    "poison": _poison,
    "disk-full": _disk_full,
}
