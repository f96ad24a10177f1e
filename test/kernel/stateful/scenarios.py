"""All that record.py sends."""
from chance import by_chance
from connections import CONNECTIONS
from lists import LISTS
from rates import RATES
from sets import SETS
from targets import TARGETS

CASES = [*SETS, *TARGETS, *LISTS, *RATES, *CONNECTIONS, *[by_chance(i) for i in range(1, 9)]]
