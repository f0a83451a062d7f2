"""Load a configuration folder: every problem in one go, or one frozen snapshot."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol
from urllib.parse import quote, urlsplit

from pydantic import BaseModel

from syncd.errors import ConfigError, ConfigProblems
from syncd.mapping.compile import Source, compile_mapping
from syncd.mapping.compiled import CompiledMapping
from syncd.mapping.people import PeopleDirectory, read_people
from syncd.mapping.problems import Place, Problems
from syncd.mapping.schema import NAME, RESERVED
from syncd.mapping.validate import validate
from syncd.model.refs import ConnectionName
from syncd.settings.listen import Listen, read_listen
from syncd.settings.notify import Target, read_notify
from syncd.settings.schema import ConnectionModel, LimitsModel, PortfolioModel, RetentionModel, StoreModel, SyncdFile
from syncd.settings.secrets import UNSET, Resolver
from syncd.settings.webhooks import Signs, Webhook, read_webhook
from syncd.settings.yaml import Document, read_yaml

MAIN_FILE: Final = "syncd.yaml"
LAG_BOUND_S: Final = 900.0
"""Used where the file says nothing and the portfolio is looked at more often than every five minutes."""
SQLITE: Final = "sqlite:///"
_POSTGRESQL: Final = ("postgresql://", "postgres://")


class ToolLike(Protocol):
    """What the loader needs of a tool."""

    @property
    def name(self) -> str:
        """The tool's name."""
        ...

    @property
    def settings(self) -> type[BaseModel]:
        """What a connection may say under `url`, `auth`, `scope` and `options`."""
        ...

    @property
    def defaults(self) -> Callable[[], str]:
        """Returns the text of the recommended mapping."""
        ...

    @property
    def archives(self) -> Callable[[str], bool]:
        """Says whether the tool's own archive takes records of a type."""
        ...

    @property
    def hooks(self) -> Signs | None:
        """How its webhooks are read; `None` when it has none that syncd reads."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One configured account of a tool."""

    name: ConnectionName
    tool: str
    settings: BaseModel
    """An instance of the tool's own settings model, secrets resolved."""
    writes: bool = False
    """Mode `write`; otherwise `observe`: it plans and reports, and writes nothing."""
    links_home: bool = False
    """Its items show where their counterparts are."""
    webhook: Webhook | None = None
    """How its webhooks prove who sends them; `None`: none are taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """Connections that are kept consistent with each other."""

    name: str
    connections: tuple[ConnectionName, ...]
    mapping: CompiledMapping
    people: PeopleDirectory = field(default_factory=PeopleDirectory)
    digest: str = ""
    """Changes when anything that gives values their meaning changes: the mapping, a tool's defaults, the people."""
    every_s: float = 60.0
    window_s: float = 0.2
    """How long what webhooks tell is gathered before it is looked at."""
    lag_bound_s: float = LAG_BOUND_S
    """How long a connection may go without being read to the end before people are told."""
    limits: LimitsModel = field(default_factory=LimitsModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole configuration, as one snapshot."""

    folder: Path
    store: str = field(repr=False)
    """A database URL; a SQLite path in it is absolute. It may hold a password: never show it."""
    connections: Mapping[ConnectionName, Connection]
    portfolios: Mapping[str, Portfolio]
    workers: int = 4
    """Portfolios that are read or written at the same time."""
    listen: Listen = field(default_factory=Listen)
    """Where the daemon listens."""
    retention: RetentionModel = field(default_factory=RetentionModel)
    """How long the store keeps what is over, in seconds."""
    files: frozenset[Path] = frozenset()
    """Everything it was read from, secrets too: a change of any of them changes it."""
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    """Every secret in it, to be shown nowhere."""
    notify: tuple[Target, ...] = ()
    """Whom to tell."""

    @property
    def warnings(self) -> tuple[ConfigError, ...]:
        """What works, though perhaps not as meant."""
        return tuple(each for portfolio in self.portfolios.values() for each in portfolio.mapping.warnings)


@lru_cache(maxsize=64)
def _shipped(text: str, file: str) -> Document:
    """Read a recommended mapping; it is the same at every load, and read by nobody who would change it."""
    return read_yaml(text, file)


def load(
    folder: Path,
    tools: Mapping[str, Callable[[], ToolLike]],
    env: Mapping[str, str],
    texts: Mapping[Path, str] = MappingProxyType({}),
) -> Settings:
    """
    Load `syncd.yaml` and all it names from *folder*. Only the tools it names are imported.

    *texts* are taken in place of what these files hold now.

    Raises:
        ConfigProblems: every problem in all files, in file order; a file that is no YAML comes alone.
    """
    problems = Problems()
    main = folder / MAIN_FILE
    text = _text(
        main,
        str(main),
        "run syncd init to write a starter configuration, or name its folder with -c",
        problems,
        texts,
    )
    problems.raise_any()
    document = read_yaml(text or "", str(main))
    file = validate(SyncdFile, document.data, document.place, problems)
    if file is None:
        problems.raise_any()
        raise ConfigProblems((ConfigError("the file is empty", where=f"{document.file}:1", fix="run syncd init"),))
    loader = _Loader(folder, document, tools, Resolver(folder, env, problems), problems, texts=texts)
    settings = loader.load(file)
    problems.raise_any()
    return settings


def _text(path: Path, where: object, fix: str, problems: Problems, texts: Mapping[Path, str]) -> str | None:
    """Return a file's text, noting when it cannot be read; what *texts* says of it comes first."""
    if path in texts:
        return texts[path].removeprefix("\ufeff")
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        why = exc.strerror if isinstance(exc, OSError) and exc.strerror else "it is not UTF-8 text"
        problems.found.append(ConfigError(f'"{path}" cannot be read: {why}', where=str(where), fix=fix))
        return None


@dataclass(slots=True)
class _Loader:
    folder: Path
    document: Document
    tools: Mapping[str, Callable[[], ToolLike]]
    resolver: Resolver
    problems: Problems
    found: dict[str, ToolLike] = field(default_factory=dict)
    """The tool of each connection that has one."""
    files: set[Path] = field(default_factory=set)
    """The mappings and people files there are."""
    texts: Mapping[Path, str] = field(default_factory=dict)
    """What files hold, where that is not what is on the disk."""

    @property
    def place(self) -> Place:
        return self.document.place

    def load(self, file: SyncdFile) -> Settings:
        """Return the settings, as far as they can be made out; the rest is noted."""
        self._check_names(file)
        connections = {}
        for name, model in file.connections.items():
            connection = self._connection(ConnectionName(name), model)
            if connection is not None:
                connections[connection.name] = connection
        self._check_portfolios(file)
        portfolios = {
            name: portfolio
            for name, model in file.portfolios.items()
            if (portfolio := self._portfolio(name, model)) is not None
        }
        return Settings(
            folder=self.folder,
            store=self._store(file.store),
            connections=connections,
            portfolios=portfolios,
            workers=file.workers,
            listen=read_listen(file.listen, self.place / "listen", self.resolver, self.problems),
            retention=file.retention,
            files=frozenset({self.folder / MAIN_FILE, *self.files, *self.resolver.files}),
            notify=read_notify(file.notify, self.place / "notify", self.resolver, self.problems),
            secrets=frozenset(self.resolver.values - {""}),
        )

    def _check_names(self, file: SyncdFile) -> None:
        for group, names in (("connections", file.connections), ("portfolios", file.portfolios)):
            if not names:
                self.problems.add(self.place / group, f"there are no {group}", "add one, or run syncd init")
            for name in names:
                at = self.place / group / name
                if name in RESERVED:
                    self.problems.add(at, f'"{name}" has a meaning of its own in mapping files', "choose another name")
                elif not NAME.fullmatch(name):
                    self.problems.add(
                        at, f'"{name}" cannot be a name', "use lower-case letters, digits and dashes, a letter first"
                    )

    def _connection(self, name: ConnectionName, model: ConnectionModel) -> Connection | None:
        at = self.place / "connections" / name
        if model.tool not in self.tools:
            self.problems.unknown(at / "tool", "an installed tool", model.tool, sorted(self.tools))
            return None
        tool = self.found[name] = self.tools[model.tool]()
        raw = {key: value for key in ("url", "auth", "scope", "options") if (value := getattr(model, key)) is not None}
        if "budget" in model.model_fields_set:
            raw["options"] = {"share": model.budget.share, **(raw.get("options") or {})}
        own = {key: self.resolver.resolve(value, at / key) for key, value in raw.items()}
        self.resolver.refuse_literals(raw.get("auth"), at / "auth")
        webhook = read_webhook(model.webhook, tool.name, tool.hooks, at / "webhook", self.resolver, self.problems)
        settings = validate(tool.settings, own, at, self.problems, hide=("auth",))
        if settings is None:
            return None
        self.resolver.refuse_unresolved(settings, at)
        return Connection(
            name=name,
            tool=model.tool,
            settings=settings,
            writes=model.mode == "write",
            links_home=model.links_home,
            webhook=webhook,
        )

    def _check_portfolios(self, file: SyncdFile) -> None:
        """Refuse connections nobody declared, and one in two portfolios: an item belongs to one at most."""
        owner: dict[str, str] = {}
        declared = self._declared()
        for name, model in file.portfolios.items():
            at = self.place / "portfolios" / name / "connections"
            if len(set(model.connections)) < len(model.connections):
                self.problems.add(at, "a connection is named twice", "name each once")
            for index, each in enumerate(model.connections):
                if each not in declared:
                    self.problems.unknown(at / index, "a connection of this file", each, declared)
                elif owner.setdefault(each, name) != name:
                    self.problems.add(
                        at / index,
                        f"{each} is in the portfolio {owner[each]} too, and an item belongs to one at most",
                        "take it out of one, or declare a second connection with a scope of its own",
                    )

    def _declared(self) -> list[str]:
        """Return the names of all connections, those with problems too."""
        connections = self.document.data.get("connections") if isinstance(self.document.data, dict) else None
        return list(connections) if isinstance(connections, dict) else []

    def _portfolio(self, name: str, model: PortfolioModel) -> Portfolio | None:
        at = self.place / "portfolios" / name
        names = tuple(ConnectionName(each) for each in dict.fromkeys(model.connections) if each in self.found)
        path = self.folder / model.mapping
        self.files.add(path)
        text = _text(path, at / "mapping", f"paths start at {self.folder}; make the file", self.problems, self.texts)
        if text is None or len(names) < len(model.connections):
            return None
        document = read_yaml(text, str(path))
        sources = {each: self._defaults(self.found[each]) for each in names}
        mapping = compile_mapping(Source(document.data, document.locate), sources, self.problems)
        people = self._people(document, names)
        said = [document.data, [(each, source.data) for each, source in sources.items()], dict(people.rows)]
        return Portfolio(
            name=name,
            connections=names,
            mapping=mapping,
            people=people,
            digest=hashlib.sha256(repr(said).encode()).hexdigest()[:16],
            every_s=model.every,
            window_s=model.window,
            lag_bound_s=self._lag_bound(model, at),
            limits=model.limits,
        )

    def _lag_bound(self, model: PortfolioModel, at: Place) -> float:
        """Return the bound on lag, noting one that even a healthy portfolio would pass."""
        if model.lag_bound is None:
            return max(LAG_BOUND_S, 3 * model.every)
        if model.lag_bound < 2 * model.every:
            self.problems.add(
                at / "lag_bound",
                "a connection that is read as often as every says would pass it now and then",
                "let it be at least twice as long as every",
            )
        return model.lag_bound

    def _defaults(self, tool: ToolLike) -> Source:
        document = _shipped(tool.defaults(), f"{tool.name}/defaults.yaml")
        return Source(document.data, document.locate, tool.archives)

    def _people(self, document: Document, names: tuple[ConnectionName, ...]) -> PeopleDirectory:
        path = document.data.get("people") if isinstance(document.data, dict) else None
        if not isinstance(path, str):
            return PeopleDirectory()
        at = document.place / "people"
        self.files.add(self.folder / path)
        fix = f"paths start at {self.folder}; make the file, or remove people:"
        text = _text(self.folder / path, at, fix, self.problems, self.texts)
        return (
            read_people(text, str(self.folder / path), names, self.problems) if text is not None else PeopleDirectory()
        )

    def _store(self, store: StoreModel) -> str:
        """Return the database's URL; a password given by reference is put into it."""
        at = self.place / "store"
        whole = store.model_dump(include={"env", "file"}, exclude_none=True)
        if [store.url is None, not whole].count(False) != 1 or (whole and store.password):
            self.problems.add(
                at,
                "it must say one URL",
                "write store: {url: postgresql://USER@HOST/NAME, password: {env: NAME}}, or {env: NAME}",
            )
            return UNSET
        if isinstance(store.url, str):
            written = isinstance(self._written(), str)
            url = self._database(store.url, at if written else at / "url", may_hold_password=False)
        else:
            url = str(self.resolver.resolve(store.url or whole, at / "url" if store.url else at))
            url = self._database(url, at, may_hold_password=True)
        return url if store.password is None else self._with_password(url, store.password, at)

    def _written(self) -> object:
        """Return what the file says under `store`."""
        return self.document.data.get("store") if isinstance(self.document.data, dict) else None

    def _with_password(self, url: str, password: object, at: Place) -> str:
        """Return *url* with the password in it that is meant by reference."""
        self.resolver.refuse_literals({"password": password}, at)
        secret = str(self.resolver.resolve(password, at / "password"))
        if not url.startswith(_POSTGRESQL):
            if url != UNSET:
                self.problems.add(at / "password", "only a PostgreSQL has a password", "remove it")
            return url
        parts = urlsplit(url)
        user, _, host = parts.netloc.rpartition("@")
        if parts.password or not user:
            what = "the URL holds a password too" if parts.password else "a password needs a user"
            self.problems.add(at / "password", what, "write the url as postgresql://USER@HOST/NAME")
            return url
        return parts._replace(netloc=f"{user}:{quote(secret, safe='')}@{host}").geturl()

    def _database(self, url: str, at: Place, *, may_hold_password: bool) -> str:
        """Return *url* with a file's path made absolute, noting what it must not be or hold."""
        if url.startswith(SQLITE):
            path = url.removeprefix(SQLITE)
            return url if path == ":memory:" else f"{SQLITE}{(self.folder / path).resolve()}"
        if url == UNSET:
            return url
        fix = f"write {SQLITE}state/syncd.db or postgresql://HOST/NAME"
        try:
            parts = urlsplit(url)
        except ValueError:
            self.problems.add(at, "it is not a URL", fix)
            return UNSET
        if not url.startswith(_POSTGRESQL):
            shown = parts.scheme or ("" if may_hold_password else url)
            self.problems.add(at, f'"{shown}" is not a database' if shown else "it is not a database's URL", fix)
        elif not may_hold_password and (parts.password or "password=" in parts.query):
            self.problems.add(
                at,
                "a password is written in this file",
                "write store: {url: postgresql://USER@HOST/NAME, password: {env: NAME}}",
            )
        return url
