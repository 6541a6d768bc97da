"""Who acts: each kind says what it must, and an actor is a value."""

import msgspec
import pytest

from gongji.platform.actors import Actor

ACTORS = (
    (Actor.institution("H53230000001", "532300"), "institution", None, "532300"),
    (Actor.person("53230000000000000001"), "person", None, None),
    (Actor.staff("zhang", "初审", "532300"), "staff", "初审", "532300"),
    (Actor.job("credits", "532300"), "job", None, "532300"),
    (Actor.operator("postgres"), "operator", None, None),
)


@pytest.mark.parametrize(("actor", "kind", "post", "area"), ACTORS, ids=lambda value: str(value))
def test_an_actor_says_kind_post_and_area(
    actor: Actor, kind: str, post: str | None, area: str | None
) -> None:
    assert (actor.kind, actor.post, actor.area) == (kind, post, area) and actor.id


def test_an_actor_is_kept_and_read_again_and_never_changed() -> None:
    for actor, *_ in ACTORS:
        assert msgspec.json.decode(msgspec.json.encode(actor), type=Actor) == actor
    with pytest.raises(AttributeError):
        ACTORS[0][0].id = "another"  # type: ignore[misc]


def test_a_kind_of_actor_that_there_is_not_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"kind": "robot", "id": "1"}', type=Actor)
