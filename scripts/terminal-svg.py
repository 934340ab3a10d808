#!/usr/bin/env python3
"""terminal-svg.py [TITLE] < REPORT > PICTURE.svg: a coloured text report as a picture of a terminal.

    jopa render RESULT.json -F text --color always --width 88 | scripts/terminal-svg.py "jopa explain" > terminal.svg
"""
import re
import sys
import unicodedata
from html import escape

SIZE, ADVANCE, LINE, MARGIN, BAR = 14, 8.43, 20, 22, 38  # pixels; one column is ADVANCE wide
STEPS = (0, 95, 135, 175, 215, 255)


def colour(index):
    """One of the 256 colours of a terminal (those that the reports use: the cube from 16 on)."""
    cube = index - 16
    return "#%02x%02x%02x" % (STEPS[cube // 36], STEPS[cube // 6 % 6], STEPS[cube % 6])


def runs(line):
    """(text, style) pieces of a line; style: bold, dim, ink and paper colours."""
    style = {}
    for text, codes in re.findall(r"([^\x1b]*)(?:\x1b\[([\d;]*)m)?", line):
        if text:
            yield text, dict(style)
        numbers = [int(code or 0) for code in codes.split(";")] if codes else []
        while numbers:
            number = numbers.pop(0)
            if number == 0:
                style = {}
            elif number in (1, 2):
                style["bold" if number == 1 else "dim"] = True
            elif number in (38, 48):
                style["ink" if number == 38 else "paper"] = colour(numbers[1])
                del numbers[:2]


def columns(text):
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def draw(line, y):
    x = MARGIN
    for text, style in runs(line):
        width = columns(text) * ADVANCE
        if "paper" in style:
            yield f'<rect x="{x - 2:.2f}" y="{y - SIZE - 0.5:.2f}" width="{width + 4:.2f}" height="{LINE - 1}" rx="3" fill="{style["paper"]}"/>'
        if text.strip():
            kind = " ".join(name for name in ("bold", "dim") if style.get(name))
            ink = f' style="fill:{style["ink"]}"' if "ink" in style else ""
            yield (f'<text x="{x:.2f}" y="{y:.2f}" textLength="{width:.2f}" lengthAdjust="spacingAndGlyphs" xml:space="preserve"'
                   f'{f" class={chr(34)}{kind}{chr(34)}" if kind else ""}{ink}>{escape(text)}</text>')
        x += width


def main():
    title = sys.argv[1] if len(sys.argv) > 1 else ""
    lines = sys.stdin.read().rstrip("\n").split("\n")
    plain = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in lines]
    width = round(2 * MARGIN + max(map(columns, plain)) * ADVANCE)
    height = BAR + LINE * len(lines) + MARGIN
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">')
    print("<style>text{font:%dpx ui-monospace,'SF Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#e9e6df}"
          ".bold{font-weight:700}.dim{fill:#a19c91}</style>" % SIZE)
    print(f'<rect width="{width}" height="{height}" rx="10" fill="#1a1917"/>')
    for i in range(3):
        print(f'<circle cx="{MARGIN + 2 + 18 * i}" cy="19" r="5.5" fill="#3d3a35"/>')
    if title:
        print(f'<text x="{width / 2}" y="23" text-anchor="middle" class="dim">{escape(title)}</text>')
    for number, line in enumerate(lines):
        for element in draw(line, BAR + LINE * (number + 1) - 4):
            print(element)
    print("</svg>")


if __name__ == "__main__":
    main()
