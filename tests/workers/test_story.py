"""One real worker process: from a posted need to messages at a mail server."""

import json
import signal

from tests.servers import MailSink
from tests.workers.shop import Circle, Workers, until


async def test_a_posted_need_becomes_an_ask_in_a_helpers_mailbox(
    workers: Workers, redis_url: str, circle: Circle, smtp: MailSink
) -> None:
    await circle.open()
    worker = workers.start(redis_url)
    await worker.ready()
    await circle.post()
    await until(lambda: len(smtp.to("helper0@example.org")) >= 2 and len(smtp.to("asker@example.org")) == 1)

    async def marked() -> bool:  # a moment after the mail server took it
        return await circle.states() == ["sent"]

    await until(marked)
    assert await circle.promised("time_out_ask") == 1


async def test_the_log_holds_jobs_and_times_and_nothing_of_a_person(
    workers: Workers, redis_url: str, circle: Circle, smtp: MailSink
) -> None:
    await circle.open()
    worker = workers.start(redis_url)
    await circle.post()
    await until(lambda: len(smtp.messages) >= 3)
    smtp.refuse_next("550 5.1.1 helper0@example.org is unknown here", times=9)
    await circle.post()
    await until(lambda: worker.log.count('"failed"') >= 1)
    worker.process.send_signal(signal.SIGTERM)
    assert await worker.ended() == 0
    for line in worker.log.splitlines():
        json.loads(line)
    assert '"job": "match_need"' in worker.log
    for private in ("example.org", "Insulin", "12B", "Po Lam", "Wing", "groceries", "M1S", "yue"):
        assert private not in worker.log


async def test_told_to_end_a_worker_ends_in_order_and_another_goes_on(
    workers: Workers, redis_url: str, circle: Circle, smtp: MailSink
) -> None:
    await circle.open()
    first, second = workers.start(redis_url), workers.start(redis_url)
    await first.ready()
    await second.ready()
    first.process.send_signal(signal.SIGTERM)
    assert await first.ended(seconds=12) == 0
    await circle.post()
    await until(lambda: len(smtp.to("asker@example.org")) == 1)
