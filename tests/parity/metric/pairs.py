"""Pairs of texts that word metrics trip over: by hand, and random ones of a nasty alphabet."""
import random

BY_HAND = [
    "", " ", "\n", ".", "...", "a", "a b", "A. B, C.", "1.5 and 1,000.25", "1. 2. 3,", "3-4 a-b 5-", "-\nx-\ny", "end -\n",
    "&quot;hi&quot; &amp;lt; &lt;b&gt; &amp;amp;", "a<skipped>b <skipped>", "it's don't 'quoted'", "(a) [b] {c} ~ ` ^ _ | \\",
    "U.S.A. vs. U.K., e.g. 3.14.", "naïve café Ünïcödé", "日本語の文。これはテスト、です。", "Привет, мир. Привет!",
    "a\u00a0b\u2003c\u3000d\u200be\u2028f\x1cg\x85h", "K\u212A \u0130stanbul \u212B", "👩‍👩‍👧 ok 👍🏽.", "e\u0301 é É", "ẞ ß SS ſ",
    "the cat sat on the mat", "the cat the cat on the mat mat", "THE CAT SAT ON THE MAT", "the the the the the the the",
    "\t tab\tand\r\nreturn \x0b\x0c", "12,34.5-6%$#@!", "مرحبا بالعالم، كيف", "हिन्दी में पाठ।", "x.\u00e9,\u00e9.1", "1.é,2", ",1.", ".,.,", "...1...a",
]
WORDS = ("the a doctor patient surgery friend became long short story where and 3.5 1,000 well-known 2-3 don't U.S. (yes) "
         "naïve Straße 東京 мир \u0130x \u212Aelvin &amp; end. so, what? ok! \u00a0 x.y 7. ,9").split(" ")
LETTERS = "aAbB01.,-&;<>'\"()/ \n\té\u00a0\u3000語\u212A\u0130👍_~`"


def random_words(r):
    return " ".join(r.choice(WORDS) for _ in range(r.randrange(0, 40)))


def edited(r, text):
    words = text.split(" ")
    for _ in range(r.randrange(0, 8)):
        if words and r.random() < 0.5:
            words.pop(r.randrange(len(words)))
        else:
            words.insert(r.randrange(len(words) + 1), r.choice(WORDS))
    return " ".join(words)


def random_letters(r):
    return "".join(r.choice(LETTERS) for _ in range(r.randrange(0, 60)))


def pairs():
    r = random.Random(7)
    out = [(a, b) for a in BY_HAND for b in BY_HAND]
    for _ in range(600):
        text = random_words(r)
        out.append((edited(r, text), text))
    for _ in range(600):
        text = random_letters(r)
        out.append((text[r.randrange(0, 9):] + random_letters(r)[:9], text))
    return out
