"""What a case sends, and through which rules and sets."""
from dataclasses import dataclass, field


@dataclass
class Case:
    name: str
    rules: list
    frames: list
    sets: list = field(default_factory=list)
    rules6: list = field(default_factory=list)
    sysctls: list = field(default_factory=list)


def glued(*frames):
    """Frames within one jiffy, counted together."""
    for frame in frames[1:]:
        frame.glued = True
    return list(frames)


def match(text):
    """Both senses of a condition."""
    kind, rest = text.split(' ', 1)
    return [f'-m {kind} {rest}', f'-m {kind} ! {rest}']


def in_set(text):
    return match(f'set --match-set {text}')
