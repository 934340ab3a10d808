"""Texts of nasty pieces through markdown_text and cmark-gfm; run by test_markdown.sh inside its environment."""
import html
import random
import re
import subprocess
import sys

import cmarkgfm

PIECES = ["<b>", "</b>", "http://x.y", "https://a.b/c", "www.x.com", "me@x.org", "@user", "#12", "`", "``", "```\n", "~~~", "    ",
          "\t", "\n", "\n\n", "> ", "- ", "1. ", "1) ", "* ", "# ", "===", "---", "|", "| a | b |\n|---|---|", "[a](b)", "![x](y)",
          "[^1]", "&amp;", "&lt;", "<!--", "-->", "<script>", "*", "**", "_", "__", "~~", "$$", "$x$", "\\", "\\\\", ":smile:", "a",
          "b", " ", "  ", "x", "é", "東", "\r\n", "\r", "+ ", "^", '"', "'", "mailto:a@b.c", "ftp://x.y", "xmpp:a@b.c",
          "<http://a.b>", "[x]: http://y", "- [ ] t", "<div>", "<?php", "&#64;", "a@b.c"]
OURS = {"p", "blockquote", "strong", "br"}


def quoted(program, texts):
    data = b"".join(b"%d\n%s" % (len(t.encode()), t.encode()) for t in texts)
    out, at = subprocess.run([program], input=data, stdout=subprocess.PIPE, check=True).stdout, 0
    for _ in texts:
        end = out.index(b"\n", at)
        size = int(out[at:end])
        yield out[end + 1:end + 1 + size].decode()
        at = end + 1 + size


def squeezed(text):
    """Lines with their indents, white space at their ends and blank lines aside."""
    lines = [line.rstrip() for line in text.replace("\u00a0", " ").splitlines()]
    return [line for line in lines if line.strip()]


def main():
    r, wrong = random.Random(5), 0
    texts = ["".join(r.choice(PIECES) for _ in range(r.randrange(1, 14))) for _ in range(4000)]
    for text, markdown in zip(texts, quoted(sys.argv[1], texts)):
        page = cmarkgfm.github_flavored_markdown_to_html(markdown, options=cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE)
        tags = {t.strip("/") for t in re.findall(r"<(/?[a-zA-Z][^ >/]*)", page)} - OURS
        body = re.search(r"<blockquote>(.*)</blockquote>", page, re.S)
        shown = re.sub(r"<br ?/?>\n?", "\n", body[1].replace("<!-- -->", "")) if body else ""
        shown = html.unescape(re.sub(r"</?p>\n?", "", shown))
        expected = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
        if tags or squeezed(shown) != squeezed(expected):
            wrong += 1
            print(f"{text!r} as {markdown!r}: {tags or shown!r}")
    print(f"{len(texts)} texts, {wrong} wrong")
    return wrong > 0


sys.exit(main())
