"""Reports and results compared but for times, white space and what another processor's rounding does to a figure."""
import re

NUMBER = re.compile(r"([-−]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?)")
UNSTEADY = {"seconds", "evaluations_per_second", "decoded_tokens", "naive_tokens"}  # of the machine, not of the result


def number(text):
    return float(text.replace(",", "").replace("−", "-"))


def near(a, b):
    return abs(a - b) <= 0.011 + 2e-3 * max(abs(a), abs(b))


def steady(value):
    """A result without figures and folders that tell of the machine."""
    if isinstance(value, dict):
        if "model" in value.get("options", {}):
            value = {**value, "options": {**value["options"], "model": value["options"]["model"].rsplit("/", 1)[-1]}}
        return {k: 0 if k in UNSTEADY else steady(v) for k, v in value.items()}
    return [steady(v) for v in value] if isinstance(value, list) else value


def steady_text(report):
    """A text report without them: "in 1.5 s", decoded tokens, the column "seconds" at the end of a table."""
    report = re.sub(r"\b(in\s+)[\d.,e-]+ s\b", r"\1# s", report)
    report = re.sub(r"[\d,#]+(\s+tokens\s+decoded)(\s+instead\s+of\s+[\d,]+)?", r"#\1", report)
    timed = "seconds\n" in report
    return re.sub(r"(?m)^(  \S+ +[-−\d][^%\n]*%.*) [\d.,]+$", r"\1 # s", report) if timed else report


def text_difference(expected, got, near=near):
    """What differs between two text reports, or None."""
    parts = [NUMBER.split(re.sub(r"\s+", " ", steady_text(text)).strip()) for text in (expected, got)]
    if parts[0][::2] != parts[1][::2]:
        for a, b in zip(parts[0][::2], parts[1][::2]):
            if a != b:
                return f"{b!r}, expected {a!r}"
        return f"{len(parts[1])} parts, expected {len(parts[0])}"
    for a, b in zip(parts[0][1::2], parts[1][1::2]):
        if not near(number(a), number(b)):
            return f"{b}, expected {a}"
    return None


def differences(expected, got, where=""):
    """Where two JSON values differ."""
    if isinstance(expected, dict) and isinstance(got, dict):
        if list(expected) != list(got):
            return [f"{where}: members {list(got)}, expected {list(expected)}"]
        return [d for k in expected if k not in UNSTEADY for d in differences(expected[k], got[k], f"{where}.{k}")]
    if isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        return [d for i, (a, b) in enumerate(zip(expected, got)) for d in differences(a, b, f"{where}[{i}]")]
    if isinstance(expected, (int, float)) and isinstance(got, (int, float)) and near(expected, got):
        return []
    return [] if expected == got else [f"{where}: {got!r}, expected {expected!r}"]
