"""What the pages send: each with its limits."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from ocrbatch.job.corrected import Verdict

Name = Annotated[str, StringConstraints(max_length=80)]
Key = Annotated[str, StringConstraints(max_length=40, pattern=r"^[0-9a-f]*$")]
Word = Annotated[str, StringConstraints(max_length=300)]


class Message(BaseModel):
    """Anything that a page sends; ``client`` names its window, ``who`` the person before it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    client: Key
    who: Name = ""


class AskNext(Message):
    """A page has the fields ``have``, lets go of ``drop``, and wants more of those of the filter."""

    form: Word = ""
    field: Word = ""
    reason: Word = ""
    have: tuple[Key, ...] = ()
    drop: tuple[Key, ...] = ()
    number: int = 4


class Save(Message):
    """What a person says of a field that was seen in a state; ``sure`` where the value breaks a rule."""

    key: Key
    state: Key = ""
    verdict: Verdict = Verdict.VALUE
    value: Word = ""
    sure: bool = False


class Skip(Message):
    """A person wants to see a field later."""

    key: Key


class KeySample(Message):
    """What a person keyed blindly for a field of the sample; empty where it is blank or not readable."""

    key: Key
    value: Word = ""
