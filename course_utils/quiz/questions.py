"""What a self-quiz is made of: questions, and options that explain themselves."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Option:
    """One thing to answer.

    Attributes:
        text: what the learner chooses, as plain text: it stands beside a radio button, too.
        says: why it is right, or what is wrong with it. Shown when it is chosen.
        right: whether it is the answer.
    """

    text: str
    says: str
    right: bool = False

    @property
    def explanation(self) -> str:
        """What the learner reads after choosing it."""
        return f"{'Right' if self.right else 'Not quite'}: {self.says}"


@dataclass(frozen=True)
class Question:
    """A question and its options, of which exactly one is right."""

    text: str
    options: tuple[Option, ...]
