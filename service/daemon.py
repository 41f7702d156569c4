"""The daemon: the same calls as by hand, on timers.

APScheduler is a clock and nothing more: its jobs live in memory, what is due and how far we are lives in our tables.
A signal ends the wait for Shopify at once and the work at the next batch; a batch that is being landed lands.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from datetime import UTC
from functools import partial
from types import FrameType

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from service import pipeline
from service.connectors.work import Connector
from service.errors import Busy, Interrupted, Misconfigured, OkrsyncError, Problem
from service.installation import stopped_by
from service.periods import Schedule
from service.pipeline import Installation
from service.reconcile import reconcile
from service.settings import ShopSettings

JITTER_SECONDS = 5
"""Spread, so that the shops of one installation do not all begin in the same second."""

log = logging.getLogger("okrsync.daemon")


def run(installation: Installation) -> int:
    """Work until SIGTERM or SIGINT; 0 after a clean stop.

    Raises Misconfigured when no shop can be worked for: one whose OKR files or secrets are wrong holds up no other.
    """
    _require_work(installation)
    logging.getLogger("okrsync").setLevel(logging.INFO)
    stopping = threading.Event()
    previous = {number: signal.signal(number, _stopper(stopping)) for number in (signal.SIGTERM, signal.SIGINT)}

    scheduler = schedule(stopped_by(installation, stopping), stopping)
    scheduler.start()
    log.info("started for %s", ", ".join(shop.domain for shop in installation.settings.shops))
    stopping.wait()
    log.info("stopping: the batch in hand is finished first")
    scheduler.shutdown(wait=True)
    for number, handler in previous.items():
        signal.signal(number, handler)
    log.info("stopped")
    return 0


def _require_work(installation: Installation) -> None:
    """Tell what is wrong with any shop; raise it when no shop is left to work for."""
    shops = installation.settings.shops
    wrong = {shop.domain: [*_wrong(installation, shop)] for shop in shops}
    problems = [*pipeline.stray_problems(installation), *(each for found in wrong.values() for each in found)]
    if all(wrong.values()):
        raise Misconfigured(problems)
    for problem in problems:
        log.error("%s", problem)


def _wrong(installation: Installation, shop: ShopSettings) -> Iterator[Problem]:
    for look in (pipeline.credentials, pipeline.plans_of):
        try:
            look(installation, shop)
        except Misconfigured as error:
            yield from error.problems
        except OkrsyncError as error:
            yield Problem(str(installation.settings.file), f"shops ({shop.domain})", error.message, error.hint)


def _stopper(stopping: threading.Event) -> Callable[[int, FrameType | None], None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    return stop


def schedule(installation: Installation, stopping: threading.Event) -> BackgroundScheduler:
    """A scheduler: a job for each connector of each shop, one that compares, the first run at once; not started."""
    jobs = [(shop, connector) for shop in installation.settings.shops for connector in pipeline.CONNECTORS]
    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={"default": {"type": "threadpool", "max_workers": len(jobs) + len(installation.settings.shops)}},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    for shop, connector in jobs:
        scheduler.add_job(
            work,
            trigger(shop.schedule.of(connector.name)),
            args=(installation, shop, connector, stopping),
            id=f"{connector.name} {shop.domain}",
            next_run_time=pipeline.wall_clock(),
        )
    for shop in installation.settings.shops:
        scheduler.add_job(
            compare,
            trigger(shop.schedule.of("reconcile")),
            args=(installation, shop, stopping),
            id=f"reconcile {shop.domain}",
            next_run_time=pipeline.wall_clock(),
        )
    return scheduler


def trigger(every: Schedule) -> BaseTrigger:
    if every.interval is not None:
        seconds = int(every.interval.total_seconds())
        return IntervalTrigger(seconds=seconds, jitter=min(JITTER_SECONDS, seconds // 10) or None, timezone=UTC)
    return CronTrigger.from_crontab(every.cron, timezone=UTC)


def work(installation: Installation, shop: ShopSettings, connector: Connector, stopping: threading.Event) -> None:
    """One turn of a connector: read, measure, assess, record. Trouble is logged, and the next turn tries again."""
    # What could not be read makes the key results stale, and that is a judgement too.
    _turn(installation, shop, stopping, partial(_read, connector=connector), _reckon)


def compare(installation: Installation, shop: ShopSettings, stopping: threading.Event) -> None:
    """One look at what Shopify itself counts; what is left unexplained, key results say."""
    _turn(installation, shop, stopping, _reconcile, _reckon)


Step = Callable[[Installation, ShopSettings], None]


def _turn(installation: Installation, shop: ShopSettings, stopping: threading.Event, *steps: Step) -> None:
    if stopping.is_set():
        return
    installation = _up_to_date(installation)
    for step in steps:
        _attempt(step, installation, shop)


def _up_to_date(installation: Installation) -> Installation:
    """With the metrics as their files are now; while one is wrong, with those this process began with."""
    try:
        return pipeline.with_metrics(installation)
    except Misconfigured as error:
        for problem in error.problems:
            log.error("%s", problem)
    except OkrsyncError as error:
        log.error("metrics: %s", error)
    return installation


def _read(installation: Installation, shop: ShopSettings, connector: Connector) -> None:
    outcome = pipeline.sync(installation, shop, connector)
    if outcome.error:
        raise outcome.error
    log.info("%s: %s: %d rows read, %d changed", shop.domain, connector.name, outcome.rows, outcome.rows_changed)


def _reconcile(installation: Installation, shop: ShopSettings) -> None:
    found = reconcile(installation, shop)
    if found.not_yet:
        log.info("%s: nothing to compare with Shopify yet: %s", shop.domain, found.not_yet)
        return
    log.info("%s: compared with Shopify: %s", shop.domain, found.verdict)
    for each in found.unexplained:
        told = (each.figure, each.day, each.ours, each.shopify)
        log.warning("%s: %s of %s: ours %s, Shopify's %s, unexplained", shop.domain, *told)
    if found.error:
        raise found.error


def _reckon(installation: Installation, shop: ShopSettings) -> None:
    installation.sleep(0)
    reckoned = pipeline.reckon(installation, shop, pipeline.plans_of(installation, shop))
    for told in reckoned.told if reckoned else ():
        log.warning("%s: %s", shop.domain, told)
    for failed in reckoned.failed if reckoned else ():
        log.error("%s: %s", shop.domain, failed)
    if reckoned and reckoned.status_changes:
        log.info("%s: %d status changes", shop.domain, reckoned.status_changes)


def _attempt(step: Step, installation: Installation, shop: ShopSettings) -> None:
    try:
        step(installation, shop)
    except (Interrupted, Busy) as error:
        # Whoever is at work on it finishes, and the next turn goes on.
        log.info("%s: %s", shop.domain, error)
    except Misconfigured as error:
        for problem in error.problems:
            log.error("%s: %s", shop.domain, problem)
    except OkrsyncError as error:
        log.error("%s: %s", shop.domain, error)
