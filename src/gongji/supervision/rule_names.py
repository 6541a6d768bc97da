"""The register of the 88 rule names: which are decided from outpatient claims, what others need."""

from pathlib import Path

import msgspec
import yaml

REGISTER = Path(__file__).parent / "register.yaml"


class RuleName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One name: the rule or the indicator that decides it, or what it would need."""

    number: int = msgspec.field(name="序号")
    room: str = msgspec.field(name="类别")
    title: str = msgspec.field(name="名称")
    code: str = msgspec.field(name="编码", default="")
    rule: str = msgspec.field(name="规则", default="")
    indicator: str = msgspec.field(name="指标", default="")
    needs: str = msgspec.field(name="需要", default="")


def read_register() -> tuple[RuleName, ...]:
    """Every name in order."""
    found = yaml.safe_load(REGISTER.read_text(encoding="utf-8"))
    return tuple(msgspec.convert(found["规则"], list[RuleName]))
