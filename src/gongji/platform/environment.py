"""The settings that come from the environment: each documented, all checked at start.

Secrets are never in files of the program. In a demonstration (`GONGJI_DEMO=1`) missing keys are
made once and kept, readable by their owner only, in the data folder.
"""

import base64
import json
import os
import re
import secrets
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from gongji.platform.private_files import private_folder, write_private
from gongji.refusals import Fault, Problem, RulebookError

KEY_BYTES = 32
HIGHEST_PORT = 65535
LEAST_DAYS = 31
"""How many days a reply is kept at least: whoever did not get it asks again within days."""
ROOTS_DATA = Path("/var/lib/gongji")
"""Where root's data are, unless told otherwise, where nobody else may enter root's home."""
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def _text(value: str) -> str:
    return value


def _flag(value: str) -> bool:
    if value.lower() not in ("0", "1", "true", "false"):
        raise ValueError("0 或 1")
    return value.lower() in ("1", "true")


def _number(value: str) -> int:
    if not (value.isascii() and value.isdigit()):
        raise ValueError("不小于零的整数")
    return int(value)


def _days(value: str) -> int:
    if _number(value) < LEAST_DAYS:
        raise ValueError(f"不小于 {LEAST_DAYS} 的整数")
    return int(value)


def _port(value: str) -> int:
    if _number(value) > HIGHEST_PORT:
        raise ValueError(f"0 至 {HIGHEST_PORT}")
    return int(value)


def _level(value: str) -> str:
    if value not in LEVELS:
        raise ValueError("、".join(LEVELS))
    return value


def _rate(value: str) -> str:
    count, _, unit = value.partition("/")
    if unit not in ("s", "m", "h", "d") or not _number(count):
        raise ValueError("次数/s、/m、/h 或 /d，如 120/m")
    return value


def _server(value: str) -> str:
    """A database's address, of which nothing is shown: it may hold a password."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        conninfo_to_dict(value)
    except ProgrammingError:
        raise ValueError("数据库地址，如 postgresql://用户@主机/库") from None
    return value


def _path(value: str) -> Path:
    return Path(value).expanduser()


def _folder(value: str) -> Path | None:
    """A folder that is there; None where none is given."""
    found = Path(value).expanduser() if value else None
    if found is not None and not found.is_dir():
        raise ValueError("存在的目录")
    return found


def _file(value: str) -> Path | None:
    """A file that may be there or not, in a folder that is; None where none is given."""
    if not value:
        return None
    found = Path(value).expanduser()
    if found.is_dir() or not found.parent.is_dir():
        raise ValueError("文件，所在的目录须已存在")
    return found


def _key(value: str) -> bytes:
    try:
        key = base64.b64decode(value, validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"{KEY_BYTES} 字节的密钥，Base64 书写（openssl rand -base64 {KEY_BYTES}）")
    return key


def _keys(value: str) -> tuple[bytes, ...]:
    return tuple(_key(word) for word in _words(value))


def _key_or_none(value: str) -> bytes:
    return _key(value) if value else b""


def _cryptography(value: str) -> str:
    if value not in ("international", "national"):
        raise ValueError("international、national")
    return value


def _folders(value: str) -> tuple[Path, ...]:
    found = tuple(Path(part).expanduser() for part in value.split(os.pathsep) if part)
    absent = [str(folder) for folder in found if not folder.is_dir()]
    if absent:
        raise ValueError(f"存在的目录；没有 {'、'.join(absent)}")
    return found


def _words(value: str) -> tuple[str, ...]:
    return tuple(word for word in value.replace(",", " ").split() if word)


def _networks(value: str) -> tuple[str, ...]:
    import ipaddress

    try:
        return tuple(str(ipaddress.ip_network(word)) for word in _words(value))
    except ValueError:
        raise ValueError("地址或网段，以空格分隔，如 10.0.0.8 192.168.0.0/16") from None


def _areas(value: str) -> tuple[str, ...]:
    areas = _words(value)
    if not all(len(area) == 6 and area.isascii() and area.isdigit() for area in areas):
        raise ValueError("六位统筹区代码，以空格分隔")
    return areas


def _area_days(value: str) -> dict[str, date]:
    """Days as `area:day`, separated by spaces: area -> day."""
    made: dict[str, date] = {}
    for word in _words(value):
        area, _, day = word.partition(":")
        (code,) = _areas(area) or ("",)
        if not code or code in made or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", day):
            raise ValueError("统筹区:日期（2026-01-01），以空格分隔")
        made[code] = date.fromisoformat(day)
    return made


def parameters_of(value: str) -> dict[str, dict[str, str]]:
    """Figures as `area:parameter=figure`, separated by spaces: area -> parameter -> figure."""
    made: dict[str, dict[str, str]] = {}
    for word in _words(value):
        place, _, figure = word.partition("=")
        area, _, name = place.partition(":")
        if not (area and name and figure):
            raise ValueError("统筹区:参数=数值，以空格分隔")
        made.setdefault(area, {})[name] = figure
    return made


@dataclass(frozen=True)
class Setting:
    """One variable of the environment.

    `default` None: it must be given, except in a demonstration where `made` makes it.
    """

    name: str
    read: Callable[[str], Any]
    default: str | None
    meaning: str
    secret: bool = False


SETTINGS = (
    Setting(
        "GONGJI_DATA",
        _path,
        "",
        "folder of the data: database and keys; empty: the user's data folder (root's, where "
        "others may not enter its home: /var/lib/gongji)",
    ),
    Setting(
        "GONGJI_DEMO",
        _flag,
        "0",
        "1 for a demonstration: keys are made by themselves, people are invented",
    ),
    Setting(
        "DATABASE_URL",
        _server,
        "",
        "a PostgreSQL server (15 or newer) by the role that owns the tables; empty: the one "
        "inside the environment",
        secret=True,
    ),
    Setting(
        "GONGJI_GATEWAY_DATABASE_URL",
        _server,
        "",
        "the same server by the login gongji_gateway, or one that is a member of it; empty: "
        "DATABASE_URL, which then takes that role",
        secret=True,
    ),
    Setting(
        "GONGJI_PAGES_DATABASE_URL",
        _server,
        "",
        "likewise for the pages: gongji_pages",
        secret=True,
    ),
    Setting(
        "GONGJI_CONSOLE_DATABASE_URL",
        _server,
        "",
        "likewise for the agency's console: gongji_console",
        secret=True,
    ),
    Setting(
        "GONGJI_JOBS_DATABASE_URL",
        _server,
        "",
        "likewise for the jobs: gongji_jobs",
        secret=True,
    ),
    Setting(
        "GONGJI_KEEP_DATABASE",
        _flag,
        "0",
        "1: the embedded PostgreSQL goes on when the last process of gongji ends",
    ),
    Setting(
        "GONGJI_HOST",
        _text,
        "127.0.0.1",
        "address on which the gateways listen",
    ),
    Setting(
        "GONGJI_PORT",
        _port,
        "8086",
        "port of the gateway for hospital systems",
    ),
    Setting(
        "GONGJI_PAGES_PORT",
        _port,
        "8087",
        "port of the pages",
    ),
    Setting(
        "GONGJI_CONSOLE_PORT",
        _port,
        "8088",
        "port of the agency's console",
    ),
    Setting(
        "GONGJI_GATEWAYS",
        _number,
        "2",
        "processes of the gateway for hospital systems",
    ),
    Setting(
        "GONGJI_ADAPTOR",
        _text,
        "x-tif",
        "how institutions sign their requests: x-tif, api or none (none only in a demonstration)",
    ),
    Setting(
        "GONGJI_REPLAY_SECONDS",
        _number,
        "1800",
        "how old a signature may be",
    ),
    Setting(
        "GONGJI_RULEBOOKS",
        _folders,
        "",
        "folders of further rulebooks, before the shipped ones",
    ),
    Setting(
        "GONGJI_PARAMETERS",
        parameters_of,
        "",
        "figures for open parameters: area:parameter=figure, separated by spaces",
    ),
    Setting(
        "GONGJI_POPULATIONS",
        _folder,
        "",
        "folder of the populations that the console's policy page offers, a folder each; a real "
        "one is offered to the area whose code its name begins with; empty: populations in "
        "GONGJI_DATA",
    ),
    Setting(
        "GONGJI_DAYS_BACK",
        _number,
        "400",
        "how many days before today a date of service may lie",
    ),
    Setting(
        "GONGJI_DAYS_AHEAD",
        _number,
        "1",
        "how many days after today a date of service may lie",
    ),
    Setting(
        "GONGJI_PEOPLE_A_DAY",
        _number,
        "2000",
        "how many people's certificates an institution reads in a day before it is flagged for "
        "supervision, where its agreement names no number of its own",
    ),
    Setting(
        "GONGJI_MESSAGE_DAYS",
        _days,
        "400",
        "how many days messages and their replies are kept whole (encrypted), by whole months; "
        "at least 31",
    ),
    Setting(
        "GONGJI_SEALS",
        _file,
        "",
        "file outside the database to which the seals of the journal are copied each night and "
        "against which it is verified; best on another machine's disk",
    ),
    Setting(
        "GONGJI_REFUSE_CHAINED",
        _areas,
        "",
        "areas in which a settlement that later ones build on cannot be cancelled",
    ),
    Setting(
        "GONGJI_PRESCRIBED_SINCE",
        _area_days,
        "",
        "areas with the day from which a pharmacy only fills what the prescriber has reported, as "
        "area:day separated by spaces; before it, purchases on a pharmacy's word are flagged",
    ),
    Setting(
        "GONGJI_SECRET_KEY",
        _key,
        None,
        "key of sessions and signatures of the pages",
        secret=True,
    ),
    Setting(
        "GONGJI_IDENTITY_KEY",
        _key,
        None,
        "key by which identity numbers are stored encrypted",
        secret=True,
    ),
    Setting(
        "GONGJI_LOOKUP_KEY",
        _key,
        None,
        "key of the hash by which identity numbers are found",
        secret=True,
    ),
    Setting(
        "GONGJI_FORMER_KEYS",
        _keys,
        "",
        "identity keys that were used before, separated by spaces: they still open what they "
        "encrypted; the numbers of persons are brought to the key of now by gongji keys rotate",
        secret=True,
    ),
    Setting(
        "GONGJI_CRYPTOGRAPHY",
        _cryptography,
        "international",
        "how identity numbers and secrets are encrypted from now on: international (AES-256-GCM) "
        "or national (SM4-GCM); either reads what the other wrote",
    ),
    Setting(
        "GONGJI_SM2_KEY",
        _key_or_none,
        "",
        "the platform's SM2 key (32 bytes, Base64), by which replies are signed to institutions "
        "that sign by SM2; empty: they are not",
        secret=True,
    ),
    Setting(
        "GONGJI_LOG_LEVEL",
        _level,
        "INFO",
        "DEBUG, INFO, WARNING or ERROR",
    ),
    Setting(
        "GONGJI_ALLOWED_HOSTS",
        _words,
        "127.0.0.1 localhost",
        "names under which the pages may be asked for",
    ),
    Setting(
        "GONGJI_API_RATE",
        _rate,
        "120/m",
        "how often a caller may ask the public interface: number/s, /m, /h or /d",
    ),
    Setting(
        "GONGJI_PROXIES",
        _number,
        "0",
        "how many proxies stand before the pages; they say who a caller is (X-Forwarded-For)",
    ),
    Setting(
        "GONGJI_PROXY_ADDRESSES",
        _networks,
        "127.0.0.0/8 ::1",
        "addresses or networks of those proxies; of nobody else X-Forwarded-For and "
        "X-Forwarded-Proto count",
    ),
    Setting(
        "GONGJI_OIDC_SERVER",
        _text,
        "",
        "issuer by which insured persons sign in (OpenID Connect); empty: none",
    ),
    Setting(
        "GONGJI_OIDC_CLIENT",
        _text,
        "",
        "this platform's client id at the issuer",
    ),
    Setting(
        "GONGJI_OIDC_SECRET",
        _text,
        "",
        "the client's secret",
        secret=True,
    ),
    Setting(
        "GONGJI_OIDC_CLAIM",
        _text,
        "psn_no",
        "claim that says who signed in: psn_no (person's number) or another that holds the "
        "identity number",
    ),
    Setting(
        "GONGJI_STAFF_OIDC_SERVER",
        _text,
        "",
        "issuer by which the agency's staff sign in (OpenID Connect); empty: none",
    ),
    Setting(
        "GONGJI_STAFF_OIDC_CLIENT",
        _text,
        "",
        "this platform's client id at that issuer",
    ),
    Setting(
        "GONGJI_STAFF_OIDC_SECRET",
        _text,
        "",
        "the client's secret",
        secret=True,
    ),
    Setting(
        "GONGJI_STAFF_OIDC_CLAIM",
        _text,
        "preferred_username",
        "claim that holds the account of a member of staff",
    ),
)
"""Every setting, in the order of docs/generated/settings.md."""


MISSING_KEY = (
    f"缺少密钥；请生成一次并妥善保管：openssl rand -base64 {KEY_BYTES}，写进服务的环境文件"
    "（见 docs/operate/deployment.md）；只是试用则设 GONGJI_DEMO=1"
)
"""What is said of a setting that has no default: each is a key."""


@dataclass(frozen=True)
class Environment:
    """The settings as values, by the part of their name after GONGJI_ in lower case."""

    values: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.values[name]
        except KeyError:
            raise AttributeError(name) from None


def _field(name: str) -> str:
    return name.removeprefix("GONGJI_").lower()


def read(variables: Mapping[str, str]) -> Environment:
    """The settings from variables, every one of them checked.

    Refuses: RulebookError with a problem for each setting that is missing or cannot be read.
    """
    values: dict[str, Any] = {}
    problems = []
    demo = variables.get("GONGJI_DEMO", "0").lower() in ("1", "true")
    folder = own_folder(variables.get("GONGJI_DATA", ""))
    may_be_demo = not demo or _may_be_demo(folder)
    for setting in SETTINGS:
        text = variables.get(setting.name) or setting.default
        if text is None and demo and may_be_demo:
            text = _kept_key(folder, setting.name)
        if text is None:
            problems.append(Problem("环境变量", 0, setting.name, MISSING_KEY))
            continue
        try:
            values[_field(setting.name)] = setting.read(text)
        except ValueError as error:
            shown = "（不显示）" if setting.secret else text
            problems.append(Problem("环境变量", 0, setting.name, f"{shown} 无法识别；应为 {error}"))
    values["data"] = folder
    if not may_be_demo:
        problem = f"数据目录 {folder} 不是演示的，可能有真实数据；请另给 GONGJI_DATA"
        problems.append(Problem("环境变量", 0, "GONGJI_DEMO", problem))
    problems += _key_problems(values, demo)
    if not demo and values.get("adaptor") == "none":
        problems.append(Problem("环境变量", 0, "GONGJI_ADAPTOR", "none 只能用于演示"))
    if values.get("adaptor") not in ("x-tif", "api", "none"):
        problems.append(Problem("环境变量", 0, "GONGJI_ADAPTOR", "可取：x-tif、api、none"))
    if problems:
        raise RulebookError(problems)
    return Environment(values)


KEYS = ("secret_key", "identity_key", "lookup_key")


def _key_problems(values: Mapping[str, Any], demo: bool) -> list[Problem]:
    """Keys that protect nothing: one byte repeated, or one key in two places."""
    if demo:
        return []
    found = []
    for number, name in enumerate(KEYS):
        key = values.get(name)
        if key is None:
            continue
        said = ""
        if len(set(key)) == 1:
            said = "全部字节相同，不能作密钥"
        elif other := next((one for one in KEYS[:number] if values.get(one) == key), ""):
            said = f"与 GONGJI_{other.upper()} 相同；每个密钥须各自生成"
        if said:
            found.append(Problem("环境变量", 0, f"GONGJI_{name.upper()}", said))
    return found


def own_folder(given: str) -> Path:
    """The folder of the data, the user's own where none is given."""
    if given:
        return Path(given).expanduser()
    home = Path.home()
    shared = os.environ.get("XDG_DATA_HOME") or home / ".local" / "share"
    found = Path(shared).expanduser() / "gongji"
    if os.geteuid() == 0 and found.is_relative_to(home) and _shut(home) and not found.exists():
        # Root's database runs as a user of its own, who cannot enter root's home.
        return ROOTS_DATA
    return found


def _shut(folder: Path) -> bool:
    """Whether a folder is there and others may not enter it."""
    return folder.is_dir() and not folder.stat().st_mode & stat.S_IXOTH


def _may_be_demo(folder: Path) -> bool:
    """Whether a folder is a demonstration's, or nobody's yet.

    A demonstration keeps its settings or its keys there; real ones never keep a key.
    """
    if not (folder / "postgresql").exists():
        return True
    return (folder / DEMO).exists() or any((folder / "keys").glob("gongji_*"))


def _kept_key(folder: Path, name: str) -> str:
    """A key made once for a demonstration and kept in the data folder."""
    path = folder / "keys" / name.lower()
    if not path.exists():
        private_folder(path.parent)
        made = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(made)
    return path.read_text().strip()


@cache
def environment() -> Environment:
    """The settings of this process, read once."""
    return read(kept_demo(own_folder(os.environ.get("GONGJI_DATA", ""))) | dict(os.environ))


DEMO = "demo.json"
"""The file in a data folder that holds the settings of a demonstration."""


def keep_demo(settings: Mapping[str, str]) -> None:
    """Make the data folder one of a demonstration, with settings for whoever looks at it later.

    Refuses: Fault where there are data that are no demonstration's.
    """
    folder = own_folder(os.environ.get("GONGJI_DATA", ""))
    real = (folder / "postgresql").exists() and not (folder / DEMO).exists()
    if real or os.environ.get("DATABASE_URL"):
        where = "DATABASE_URL 指定的数据库" if not real else f"数据目录 {folder}"
        raise Fault(f"{where}可能有真实数据，不用于演示；请另给 GONGJI_DATA，并不设 DATABASE_URL")
    private_folder(folder, by_group=os.geteuid() == 0)
    write_private(folder / DEMO, json.dumps({"GONGJI_DEMO": "1", **settings}, indent=1))


def kept_demo(folder: Path) -> dict[str, str]:
    """The settings of the demonstration that a data folder holds; none if it holds no such."""
    path = folder / DEMO
    return dict(json.loads(path.read_text())) if path.exists() else {}
