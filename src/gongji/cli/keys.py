"""`gongji keys`: what is encrypted is brought to the key of now."""

import json

import click

from gongji.cli import options

PLACES = (("person", "id", "certificate"), ("credential", "access_key", "secret"))
"""Where the rooms keep what `Identity` encrypted."""


@click.group(name="keys")
def command() -> None:
    """密钥：更换后把证件号码和接入密钥改用新密钥加密。

    \b
    例：
      gongji keys rotate
    """


@command.command()
@options.json_option
def rotate(as_json: bool) -> None:
    """先停服务，把旧密钥放进 GONGJI_FORMER_KEYS，新密钥放进 GONGJI_IDENTITY_KEY，再运行本命令。

    中断后可以重新运行。报文和材料仍由旧密钥打开，在其保存期内不要删去 GONGJI_FORMER_KEYS。
    查找用的 GONGJI_LOOKUP_KEY 不能更换。

    \b
    例：
      gongji keys rotate
    """
    from gongji.platform import trail
    from gongji.platform.installation import installed_identity, operator, owner_connection
    from gongji.platform.key_rotation import rotate as encrypt_anew

    who = operator()
    with owner_connection() as connection:
        trail.log(connection, (who.kind, who.id), trail.Trace(trail.ACT, "keys rotate"))
        count = encrypt_anew(connection, installed_identity(), PLACES)
    click.echo(json.dumps({"rotated": count}) if as_json else f"{count} 处改用现在的密钥加密")
