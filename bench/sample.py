#!/usr/bin/env python3
"""sample.py COUNT FILE...: of each file of prompts the COUNT shortest with at least 15 words (0: all prompts), the files'
turn by turn, so that a run that is stopped has about as many of each."""
import json
import sys
from itertools import zip_longest

LEAST_WORDS = 15


def sample(file, count):
    with open(file, encoding="utf-8") as lines:
        rows = [(len(json.loads(line)["prompt"].split()), line.rstrip("\n")) for line in lines]
    long_enough = sorted((row for row in rows if row[0] >= LEAST_WORDS), key=lambda row: row[0])
    return [line for _, line in (long_enough[:count] if count else rows)]


for turn in zip_longest(*(sample(file, int(sys.argv[1])) for file in sys.argv[2:])):
    for row in turn:
        if row is not None:
            print(row)
