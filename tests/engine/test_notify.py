"""Telling people: once, also over restarts; with a target that takes nothing, nobody else feels it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest
import structlog
from pydantic import SecretStr
from structlog.testing import capture_logs

from syncd.engine.absent import Swept
from syncd.engine.cycle import Cycle, sync
from syncd.engine.desk import Desk
from syncd.engine.facts import After
from syncd.engine.notify import EVERY_S, Notifier, send_tests
from syncd.engine.open import refresh
from syncd.errors import ConfigError, ConfigProblems, RemoteError, StoreError, UnsafePlanError
from syncd.model.refs import ConnectionName
from syncd.settings.notify import MailTarget, Target, Topic, WebhookTarget
from syncd.store.rows import QuarantineRow
from syncd.store.store import Store, open_store
from syncd.world import World
from tests.databases import new_store
from tests.engine.bench import Bench, Clock, make_bench, make_world
from tests.engine.hand import GITHUB, JIRA, TASK, agreed, github_of, jira_of, shown
from tests.engine.mailbox import Mailbox

SECRET = "https://chat.example/services/made-up-canary"
CHAT = WebhookTarget(name="webhook chat.example", url=SecretStr(SECRET))
REFUSED = ConfigProblems(
    (
        ConfigError("there is no tool", where="config/syncd.yaml:3", fix="name one"),
        ConfigError("another problem", where="config/syncd.yaml:9"),
    )
)


@dataclass
class Chat:
    """A chat's webhook: what was posted to it, and what it answers."""

    answers: list[int] = field(default_factory=list)
    """Statuses to come; 200 when there are none."""
    headers: dict[str, str] = field(default_factory=dict)
    posts: list[str] = field(default_factory=list)
    tried: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def transport(self) -> httpx.AsyncBaseTransport:
        """Return a transport that leads nowhere else."""
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        assert str(request.url).startswith("https://chat.example/")
        self.tried += 1
        status = self.answers.pop(0) if self.answers else 200
        if status == 0:
            raise httpx.ConnectError("made up", request=request)
        if status == 200:
            body = json.loads(request.content)
            assert list(body) == ["text"]
            self.posts.append(body["text"])
            self.arrived.set()
        return httpx.Response(status, headers=self.headers)


@dataclass
class Office:
    """A store, a clock and a chat: what a notifier needs without any tool."""

    url: str
    clock: Clock
    chat: Chat
    world: World
    store: Store

    def notifier(self, *targets: Target) -> Notifier:
        """Return a notifier as a new process would have it."""
        return Notifier(self.store, self.world, targets or (CHAT,))


@pytest.fixture
def logging() -> Iterator[None]:
    """Log as in life, which the tests otherwise do not."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("info"))
    yield
    structlog.configure(**before)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    clock, chat = Clock(), Chat()
    world = make_world(clock, chat.transport)
    url = new_store(tmp_path)
    async with await open_store(url, world) as store:
        yield Office(url, clock, chat, world, store)


async def news(notifier: Notifier, number: int = 1) -> None:
    """Queue some news: a configuration refused, and taken again before the next time."""
    for each in range(number):
        await notifier.configuration(None)
        await notifier.configuration(ConfigError(f"problem {each}", where="syncd.yaml:1", fix="mend it"))


async def test_what_is_told_is_told_once_also_by_the_next_process(office: Office) -> None:
    first = office.notifier()
    for _ in range(3):
        await first.configuration(REFUSED)
        await first.deliver()
        office.clock.pass_(EVERY_S)
    second = office.notifier()
    await second.configuration(REFUSED)
    await second.deliver()
    (post,) = office.chat.posts
    assert post == (
        "syncd: 1 configuration refused\n\n"
        "- the changed configuration was refused, and the one before stays in force: "
        "config/syncd.yaml:3: there is no tool (and 1 more)\n"
        "  fix: name one; see them all: syncd check"
    )
    await second.configuration(None)
    await second.configuration(REFUSED)
    office.clock.pass_(EVERY_S)
    await second.deliver()
    assert len(office.chat.posts) == 2


async def test_what_was_queued_before_a_kill_is_sent_after_it(office: Office) -> None:
    await news(office.notifier())
    await office.notifier().deliver()
    assert len(office.chat.posts) == 1
    await office.notifier().deliver()
    assert len(office.chat.posts) == 1


async def test_one_that_was_sent_but_not_noted_is_sent_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    notifier = office.notifier()
    await news(notifier)

    def die(*_: object) -> None:
        raise StoreError("killed here")

    monkeypatch.setattr(notifier, "_sent", die)
    await notifier.deliver()
    await office.notifier().deliver()
    assert len(office.chat.posts) == 2
    assert len(set(office.chat.posts)) == 1


async def test_at_most_one_message_a_minute_and_the_rest_is_summed_up(office: Office) -> None:
    notifier = office.notifier()
    begun = office.clock.seconds
    while office.clock.seconds - begun < 600:
        await news(notifier)
        office.clock.pass_(min(1.0, await notifier.deliver()))
    assert 9 <= len(office.chat.posts) <= 11
    assert office.chat.posts[3].startswith("syncd: 6")
    waiting = await office.store.outbox.waiting(CHAT.name)
    assert len(waiting) <= 61


async def test_the_pace_outlives_the_process(office: Office) -> None:
    for _ in range(5):
        notifier = office.notifier()
        await news(notifier)
        await notifier.deliver()
        office.clock.pass_(5)
    assert len(office.chat.posts) == 1
    office.clock.pass_(EVERY_S)
    await office.notifier().deliver()
    assert len(office.chat.posts) == 2


async def test_a_clock_set_back_holds_no_message_up_for_longer_than_the_pace(office: Office) -> None:
    await news(first := office.notifier())
    await first.deliver()
    office.clock.at = office.clock.at.replace(year=2025)
    await news(second := office.notifier())
    assert await second.deliver() <= EVERY_S
    office.clock.pass_(EVERY_S)
    await second.deliver()
    assert len(office.chat.posts) == 2


@pytest.mark.usefixtures("logging")
async def test_a_target_that_takes_nothing_is_asked_less_and_less_and_logged_once(office: Office) -> None:
    notifier = office.notifier()
    office.chat.answers += [500, 0, 404, *[503] * 30]
    waits: list[float] = []
    with capture_logs() as logs:
        await news(notifier)
        for _ in range(20):
            waits.append(await notifier.deliver())
            office.clock.pass_(waits[-1])
        row = (await office.store.outbox.targets())[CHAT.name]
        assert row.failing_since is not None
        assert row.reason == "it answered 503"
        office.chat.answers.clear()
        office.clock.pass_(900)
        await notifier.deliver()
    assert waits[0] <= 5
    assert all(450 <= each <= 900 for each in waits[8:])
    assert [(each["event"], each["log_level"]) for each in logs] == [
        ("notifications_not_taken", "warning"),
        ("notifications_taken_again", "info"),
    ]
    assert len(office.chat.posts) == 1
    row = (await office.store.outbox.targets())[CHAT.name]
    assert (row.failing_since, row.reason) == (None, "")
    assert "canary" not in str(logs)


async def test_a_wish_to_wait_is_granted(office: Office) -> None:
    notifier = office.notifier()
    office.chat.answers, office.chat.headers = [429], {"Retry-After": "120"}
    await news(notifier)
    assert await notifier.deliver() == 120
    office.chat.headers = {"Retry-After": "999999"}
    office.chat.answers = [429]
    office.clock.pass_(120)
    assert await notifier.deliver() == 3600


async def test_one_target_says_nothing_about_another(office: Office) -> None:
    other = WebhookTarget(name="other", url=SecretStr("https://chat.example/other"), about=frozenset({Topic.LAG}))
    broken = MailTarget(
        name="mail", host="127.0.0.1", port=1, security="none", sender="a@b.example", to=("c@d.example",)
    )
    notifier = office.notifier(broken, other, CHAT)
    await news(notifier)
    await notifier.deliver()
    assert len(office.chat.posts) == 1
    assert {name: row.failing_since is None for name, row in (await office.store.outbox.targets()).items()} == {
        "mail": False,
        CHAT.name: True,
    }


async def test_a_target_taken_out_takes_its_queue_along(office: Office) -> None:
    office.chat.answers = [500]
    notifier = office.notifier()
    await news(notifier)
    await notifier.deliver()
    notifier.use((replace(CHAT, name="another"),))
    await notifier.deliver()
    assert await office.store.outbox.counts() == {}
    assert await office.store.outbox.targets() == {}


async def test_a_flood_for_a_dead_target_keeps_the_store_small(office: Office) -> None:
    office.chat.answers = [500] * 1000
    notifier = office.notifier()
    await news(notifier, 250)
    rows = await office.store.outbox.waiting(CHAT.name)
    assert len(rows) == 201
    assert await office.store.outbox.counts() == {CHAT.name: 250}
    office.chat.answers.clear()
    await notifier.deliver()
    (post,) = office.chat.posts
    assert post.startswith("syncd: 250 configurations refused\n")
    assert post.endswith("- ... and 230 more: configurations refused")


async def test_titles_neither_link_nor_call_anybody(office: Office) -> None:
    notifier = office.notifier()
    await notifier.configuration(ConfigError("<!channel> & <@U1|x> @here me@x", where="a:1", fix="b"))
    await notifier.deliver()
    assert "&lt;!channel&gt; &amp; &lt;@\u200bU1|x&gt; @\u200bhere me@\u200bx" in office.chat.posts[0]


async def test_running_sends_until_told_to_stop(office: Office) -> None:
    """In real time, since what matters is what wakes what."""

    async def sleep(seconds: float) -> None:
        await asyncio.wait_for(asyncio.Event().wait(), seconds + 10)

    notifier = Notifier(office.store, replace(office.world, sleep=sleep), [CHAT])
    stop = asyncio.Event()
    running = asyncio.create_task(notifier.run(stop))
    await asyncio.sleep(0.05)
    assert not running.done()
    await news(notifier)
    async with asyncio.timeout(5):
        await office.chat.arrived.wait()
    stop.set()
    async with asyncio.timeout(5):
        await running


async def test_stopping_waits_for_no_target(office: Office) -> None:
    async with Mailbox(silent=True).open() as mailbox:
        notifier = office.notifier(mail_to(mailbox))
        await news(notifier)
        stop = asyncio.Event()
        running = asyncio.create_task(notifier.run(stop))
        await asyncio.sleep(0.1)
        stop.set()
        async with asyncio.timeout(5):
            await running
    assert len(await office.store.outbox.waiting("mail")) == 1


def mail_to(mailbox: Mailbox, *to: str, **more: object) -> MailTarget:
    target = MailTarget(
        name="mail",
        host="127.0.0.1",
        port=mailbox.port,
        security="none",
        sender="syncd@acme.example",
        to=to or ("ops@acme.example",),
    )
    return replace(target, **more)  # type: ignore[arg-type]


async def test_mail_arrives_at_everybody(office: Office) -> None:
    async with Mailbox(user="syncd", password="made-up").open() as mailbox:
        target = mail_to(mailbox, "ops@acme.example", "ada@acme.example", user="syncd", password=SecretStr("made-up"))
        notifier = office.notifier(target)
        await notifier.configuration(REFUSED)
        await notifier.deliver()
        (mail,) = mailbox.mails
        assert mailbox.recipients == ["ops@acme.example", "ada@acme.example"]
        assert mail["Subject"] == "syncd: 1 configuration refused"
        assert (mail["From"], mail["Auto-Submitted"]) == ("syncd@acme.example", "auto-generated")
        assert mail["Date"].startswith("Mon, 02 Mar 2026 09:00")
        assert "config/syncd.yaml:3: there is no tool" in mail.get_content()


async def test_mail_sent_again_keeps_its_id(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Mailbox().open() as mailbox:
        notifier = office.notifier(mail_to(mailbox))
        await news(notifier)

        def die(*_: object) -> None:
            raise StoreError("killed here")

        monkeypatch.setattr(notifier, "_sent", die)
        await notifier.deliver()
        office.clock.pass_(10)
        await office.notifier(mail_to(mailbox)).deliver()
        first, second = mailbox.mails
        assert first["Message-ID"] == second["Message-ID"]


MAIL: dict[str, tuple[Mailbox, dict[str, object], str]] = {
    "a wrong password": (
        Mailbox(user="syncd", password="right"),
        {"user": "syncd", "password": SecretStr("canary")},
        "it refuses the user or the password (535)",
    ),
    "nobody there": (
        Mailbox(refuses=frozenset({"ops@acme.example"})),
        {},
        "it takes mail for none of the addresses (SMTPRecipientsRefused)",
    ),
    "no starttls": (
        Mailbox(),
        {"security": "starttls"},
        "it does not offer what security: starttls needs (SMTPException)",
    ),
    "no tls": (Mailbox(), {"security": "tls"}, "no connection could be had (SMTPConnectError)"),
    "no server": (Mailbox(), {"port": 1}, "no connection could be had (SMTPConnectError)"),
    "refused content": (Mailbox(answer="554 canary no"), {}, "it did not take the message (554)"),
}


@pytest.mark.parametrize("case", MAIL)
@pytest.mark.usefixtures("logging")
async def test_a_mail_server_that_takes_nothing_is_told_without_its_words(case: str, office: Office) -> None:
    box, more, expected = MAIL[case]
    async with replace(box, mails=[], recipients=[]).open() as mailbox:
        with capture_logs() as logs:
            ((target, error, _),) = await send_tests([mail_to(mailbox, **more)], office.world)
        assert error is not None
        assert (target.name, error.what) == ("mail", expected)
        assert error.fix
        assert "canary" not in f"{error}{logs}"
        assert mailbox.mails == []


@pytest.mark.usefixtures("logging")
async def test_an_address_refused_among_others_is_told_once_and_stops_nothing(office: Office) -> None:
    async with Mailbox(refuses=frozenset({"gone@acme.example"})).open() as mailbox:
        notifier = office.notifier(mail_to(mailbox, "ops@acme.example", "gone@acme.example"))
        with capture_logs() as logs:
            for _ in range(3):
                await news(notifier)
                await notifier.deliver()
                office.clock.pass_(EVERY_S)
        assert len(mailbox.mails) == 3
        assert [each["event"] for each in logs] == ["notification_partly_refused"]
        row = (await office.store.outbox.targets())["mail"]
        assert (row.failing_since, row.reason) == (None, "1 of its 2 addresses were refused")


async def test_a_target_that_says_nothing_is_given_up_in_time(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncd.engine.deliver.SEND_S", 0.1)
    async with Mailbox(silent=True).open() as mailbox:
        ((_, error, _),) = await send_tests([mail_to(mailbox)], office.world)
    assert error is not None
    assert "0.1 s" in error.what or "no connection" in error.what


# ---- after real cycles -----------------------------------------------------------------------------------------------


@dataclass
class Watch:
    """A daemon's cycles over a bench, with a notifier beside them; the chat is apart from the sandbox."""

    bench: Bench
    desk: Desk
    chat: Chat
    notifier: Notifier

    async def cycle(self, *, swept: Swept | None = None, is_whole: bool = True) -> None:
        """Run one cycle as the daemon does, and send what there is to send."""
        self.bench.clock.pass_(60)
        await refresh(self.desk)
        cycle: Cycle | None = None
        refused: UnsafePlanError | None = None
        try:
            cycle = await sync(self.desk)
        except UnsafePlanError as exc:
            refused = exc
        except RemoteError:
            pass
        await self.notifier.after_cycle(self.desk, After(cycle=cycle, refused=refused, swept=swept, is_whole=is_whole))
        await self.notifier.deliver()

    def said(self) -> list[str]:
        """Return the lines posted since the last time, without heads and fixes."""
        found = [line for post in self.chat.posts for line in post.splitlines() if line.startswith("- ")]
        self.chat.posts.clear()
        return found


async def watch(bench: Bench, desk: Desk, *, titles: bool = True) -> Watch:
    """Begin to watch a bench that is at rest."""
    chat = Chat()
    world = replace(bench.world, transport=chat.transport)
    watching = Watch(bench, desk, chat, Notifier(desk.store, world, [replace(CHAT, titles=titles)]))
    await watching.cycle()
    assert watching.said() == []
    return watching


async def test_a_lost_credential_is_told_once_and_its_recovery_once(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    async with bench.desk() as desk:
        watching = await watch(bench, desk)
        bench.sandbox.faults.add("jira:401")
        for _ in range(3):
            await watching.cycle()
        (lost,) = watching.said()
        assert lost.startswith("- jira-pmo: the credential was not accepted")
        assert not any(secret in lost for secret in bench.env.values())
        bench.sandbox.faults.clear()
        bench.sandbox.faults.add("jira:503:kind=read")
        await watching.cycle()
        assert watching.said() == [], "an outage says nothing about the credential"
        bench.sandbox.faults.clear()
        for _ in range(3):
            await watching.cycle()
        assert watching.said() == ["- well again: jira-pmo: the credential is accepted again"]


async def test_lag_over_its_bound_is_told_once_and_its_end_once(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    async with bench.desk() as desk:
        watching = await watch(bench, desk)
        bench.sandbox.faults.add("jira:503:kind=read")
        told: list[str] = []
        for _ in range(30):
            await watching.cycle()
            told += watching.said()
        (lag,) = told
        assert lag.startswith("- jira-pmo was not read to the end for ")
        assert "(bound: 15 min)" in lag
        bench.sandbox.faults.clear()
        await watching.cycle()
        assert watching.said() == ["- well again: jira-pmo: it is read to the end again"]


async def test_a_paused_connection_lags_on_purpose(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    async with bench.desk() as desk:
        watching = await watch(bench, desk)
        await refresh(desk)
        bench.clock.pass_(7200)
        await watching.notifier.after_cycle(desk, After(paused=frozenset(desk.accounts)))
        await watching.notifier.deliver()
        assert watching.said() == []
        await watching.notifier.after_cycle(desk, After(paused=frozenset({GITHUB})))
        await watching.notifier.deliver()
        assert [line[:40] for line in watching.said()] == ["- jira-pmo was not read to the end for 2"]


@pytest.mark.parametrize("titles", [True, False])
async def test_a_held_conflict_is_told_once_without_its_values(tmp_path: Path, *, titles: bool) -> None:
    bench = await agreed(tmp_path)
    async with bench.desk() as desk:
        watching = await watch(bench, desk, titles=titles)
        title = str(shown(bench, "github", TASK[1])["title"])
        jira_of(bench).set(TASK[0], "summary", "canary one", by="ada")
        github_of(bench).set(TASK[1], "title", "canary two", by="ben")
        bench.clock.pass_(600)
        for _ in range(3):
            await watching.cycle()
        name = f'{TASK[1]} "{title}"' if titles else TASK[1]
        assert watching.said() == [f"- {name}: title is held: it was edited differently in several tools"]
        jira_of(bench).set(TASK[0], "summary", "canary two", by="ada")
        bench.clock.pass_(600)
        await watching.cycle()
        await watching.cycle()
        assert watching.said() == [], "that it ended is no news"
        assert await desk.store.notified.of("platform") == []


async def test_a_brake_is_told_once_and_hinted_cycles_say_nothing_of_it(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    bench.main = bench.main.replace(
        "    mapping: platform.yaml", "    mapping: platform.yaml\n    limits: {update_count: 1, update_share: 0}"
    )
    from tests.engine import contact

    await contact.agreed(bench)
    async with bench.desk() as desk:
        watching = await watch(bench, desk)
        rows = github_of(bench).show()
        assert isinstance(rows, list)
        for row in [each for each in rows if "#" in str(each["key"])][:8]:
            github_of(bench).set(str(row["key"]), "title", f"canary {row['key']}", by="ben")
        bench.clock.pass_(600)
        for _ in range(3):
            await watching.cycle()
        (braked,) = watching.said()
        assert braked.startswith("- a plan was refused whole, and nothing is written: jira-pmo: the plan would update")
        assert "canary" not in braked
        await watching.notifier.after_cycle(desk, After(cycle=Cycle(run=desk.world.new_id()), is_whole=False))  # type: ignore[arg-type]
        assert [row.topic for row in await desk.store.notified.of("platform")] == ["brake"]


async def test_an_unmapped_value_is_told_once_with_no_word_of_it(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    async with bench.desk() as desk:
        watching = await watch(bench, desk)
        github_of(bench).rename_option("Status", "In Progress", "canary")
        for _ in range(3):
            github_of(bench).set(TASK[1], "title", f"Round {desk.world.now()}", by="ben")
            bench.clock.pass_(600)
            await watching.cycle()
        lines = [line for line in watching.said() if "task.status" in line]
        assert len(lines) == 1
        assert "no rule maps what github-eng holds there" in lines[0]
        assert "canary" not in lines[0]


async def test_what_stays_in_quarantine_is_told_once_without_the_tools_words(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    async with bench.desk() as desk:
        watching = await watch(bench, desk)
        bench.sandbox.faults.add(f"jira:403:item={TASK[0]}:kind=write")
        title = str(shown(bench, "github", TASK[1])["title"])
        github_of(bench).set(TASK[1], "Status", "Done", by="ben")
        bench.clock.pass_(600)
        await watching.cycle()
        assert watching.said() == [], "the next cycle tries it once more"
        for _ in range(3):
            await watching.cycle()
        assert watching.said() == [
            f'- {TASK[0]} "{title}": its status is not taken by jira-pmo; everything else goes on'
        ]


async def test_an_item_that_could_not_be_made_is_told_by_its_title(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    async with bench.desk() as desk:
        watching = await watch(bench, desk)
        (entity, *_) = await desk.store.entities.ids("platform")
        row = QuarantineRow(connection=JIRA, entity=entity, reason="canary", since=desk.world.now())
        elsewhere = replace(row, connection=ConnectionName("another-portfolio"))
        async with desk.store.transaction() as tx:
            await tx.quarantine.add([row, elsewhere])
        await watching.cycle()
        (line,) = watching.said()
        assert line.endswith(": set aside in jira-pmo; everything else goes on")
        assert "canary" not in line


async def test_skipped_changes_are_told_for_each_sweep(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    async with bench.desk() as desk:
        watching = await watch(bench, desk)
        for unseen in (2, 0, 1):
            await watching.cycle(swept=Swept(unseen=unseen))
            await watching.cycle()
        assert watching.said() == [
            f"- comparing all ids found {what} that the tools had not reported" for what in ("2 records", "1 record")
        ]


async def test_what_stands_is_counted_in_one_reminder_a_day(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    async with bench.desk() as desk:
        watching = await watch(bench, desk)
        jira_of(bench).set(TASK[0], "summary", "one", by="ada")
        github_of(bench).set(TASK[1], "title", "two", by="ben")
        bench.clock.pass_(600)
        await watching.cycle()
        watching.said()
        told: list[str] = []
        for _ in range(3 * 24):
            bench.clock.pass_(3540)
            await watching.cycle()
            told += watching.said()
        assert [line.partition(" since ")[0] for line in told] in (
            ["- still: 1 conflict held"] * 2,
            ["- still: 1 conflict held"] * 3,
        )


async def test_a_quiet_cycle_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = await agreed(tmp_path)
    async with bench.desk() as desk:
        watching = await watch(bench, desk)
        await refresh(desk)
        cycle = await sync(desk)
        with monkeypatch.context() as broken:
            broken.setattr(desk.store, "transaction", None)
            await watching.notifier.after_cycle(desk, After(cycle=cycle))


async def test_a_connection_taken_out_is_spoken_of_no_more(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    async with bench.desk() as desk:
        watching = await watch(bench, desk)
        bench.sandbox.faults.add("jira:401")
        await watching.cycle()
        assert len(watching.said()) == 1
        assert [row.subject for row in await desk.store.notified.of("platform")] == ["jira-pmo"]
        desk.accounts = {name: account for name, account in desk.accounts.items() if name != JIRA}
        await watching.notifier.after_cycle(desk, After())
        await watching.notifier.deliver()
        assert watching.said() == []
        assert await desk.store.notified.of("platform") == []
