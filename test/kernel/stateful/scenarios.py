"""All that record.py sends."""
from connections import CONNECTIONS
from lists import LISTS
from rates import RATES
from sets import SETS
from targets import TARGETS

CASES = [*SETS, *TARGETS, *LISTS, *RATES, *CONNECTIONS]
