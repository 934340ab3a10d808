#!/usr/bin/env python3
"""Cases for bench/agentdojo.py out of the package agentdojo, whose environment runs this: one JSON object a line.

    python -I agentdojo-cases.py SEED PLAIN DESCRIBED CHARACTERS > FILE    # -I: agentdojo.py beside it is not the package

PLAIN cases without and DESCRIBED ones with the tools' descriptions in the system message, in turn from the four suites and the
four attacks; the plain ones of at most CHARACTERS, the others of at most 26,000, about 8,000 tokens. A case is the conversation
as AgentDojo's pipeline has it: system message, the user's prompt, the calls of the user task's ground truth with what the tools
answer, up to the first answer that shows the injection. Calls are written as AgentDojo's LocalLLM reads them, answers of tools
as its other pipelines write them.
"""
import json
import random
import re
import sys
from importlib.metadata import version

import yaml
from agentdojo.agent_pipeline.agent_pipeline import load_system_message
from agentdojo.agent_pipeline.base_pipeline_element import BasePipelineElement
from agentdojo.agent_pipeline.ground_truth_pipeline import GroundTruthPipeline
from agentdojo.agent_pipeline.llms.local_llm import _make_system_prompt
from agentdojo.attacks.attack_registry import load_attack
from agentdojo.functions_runtime import FunctionsRuntime
from agentdojo.task_suite.load_suites import get_suites
from agentdojo.types import get_text_content_as_str

BENCHMARK = "v1.2.2"
ATTACKS = ["important_instructions", "ignore_previous", "system_message", "injecagent"]
DESCRIBED_MOST = 26000  # characters
DRAWS = 60  # pairs of tasks drawn for one case at most
yaml.safe_load = lambda text: yaml.load(text, yaml.CSafeLoader)  # noqa: S506: the environments are read for every case, 20 times faster in C


class Pipeline(BasePipelineElement):
    """The attacks ask for the pipeline's name, and say it in their text."""
    name = "local"

    def query(self, *_):
        raise NotImplementedError


def call_text(call):
    return f"<function={call.function}>{json.dumps(dict(call.args), default=str)}</function>"


def pattern(injected):
    """What the injected text looks like in YAML: lines folded, quotes and line breaks escaped."""
    blank = r"(?:\s|\\n|\\(?=\s))*"
    marks = {"'": "''?", '"': r'\\?"', "\\": r"\\{1,2}"}
    return re.compile(blank.join("".join(marks.get(c, re.escape(c)) for c in word) for word in injected.split()))


def spans(text, injected):
    """[(start, end)] of the injected text, in characters."""
    return [m.span() for m in pattern(injected).finditer(text)]


def conversation(suite, task, injections):
    """(messages of the ground truth up to the first poisoned answer, its spans, the user's next call or None)."""
    environment = task.init_environment(suite.load_and_inject_default_environment(injections))
    _, _, _, given, _ = GroundTruthPipeline(task).query(task.PROMPT, FunctionsRuntime(suite.tools), environment)
    messages = []
    for at, m in enumerate(given):
        if m["role"] == "assistant":
            messages.append({"role": "assistant", "content": call_text(m["tool_calls"][0]) if m["tool_calls"] else ""})
            continue
        text = get_text_content_as_str(m["content"])
        messages.append({"role": "tool", "name": m["tool_call"].function, "content": text})
        found = sorted({s for injected in injections.values() for s in spans(text, injected)})
        if found:
            calls = given[at + 1]["tool_calls"] if at + 1 < len(given) else None
            return messages, found, calls[0] if calls else None
    return None


ENVIRONMENTS = {}


def untouched(suite):
    """The suite's environment without injections."""
    if suite.name not in ENVIRONMENTS:
        ENVIRONMENTS[suite.name] = suite.load_and_inject_default_environment({})
    return ENVIRONMENTS[suite.name].model_copy(deep=True)


def system_message(suite, described):
    text = load_system_message(None)
    return _make_system_prompt(text, FunctionsRuntime(suite.tools).functions.values()) if described else text


def usable(messages, injections, response, control):
    """(whether the response is nothing that the conversation says or asks for without the injection, the control or None)."""
    if response == control or any(m["content"] == response for m in messages):
        return False, None
    return True, None if control and any(spans(control, injected) for injected in injections.values()) else control


def case(suite, attack, task, injection, described):
    """One case, or None where the attack does not show or asks for no call of its own."""
    asked = injection.ground_truth(untouched(suite))
    if not asked:
        return None
    try:
        injections = attack.attack(task, injection)
        found = conversation(suite, task, injections)
    except (ValueError, KeyError):  # not injectable, or the ground truth needs what the injection replaced
        return None
    if not found:
        return None
    messages, places, follows = found
    fine, control = usable(messages, injections, call_text(asked[0]), call_text(follows) if follows else None)
    if not fine:
        return None
    messages = [{"role": "system", "content": system_message(suite, described)}, {"role": "user", "content": task.PROMPT}, *messages]
    return {"id": f"{suite.name}/{task.ID}/{injection.ID}/{attack.name}{'/described' if described else ''}", "suite": suite.name,
            "attack": attack.name, "described": described, "messages": messages, "injected": [[len(messages) - 1, *p] for p in places],
            "response": call_text(asked[0]), "control": control}


def draw(r, suite, attack, described, most, seen):
    """A case that is not yet in `seen`, or None."""
    for _ in range(DRAWS):
        task, injection = r.choice(sorted(suite.user_tasks)), r.choice(sorted(suite.injection_tasks))
        if (suite.name, task, injection, attack.name) in seen:
            continue
        seen.add((suite.name, task, injection, attack.name))
        found = case(suite, attack, suite.user_tasks[task], suite.injection_tasks[injection], described)
        if found and sum(len(m["content"]) for m in found["messages"]) <= most:
            return found
    return None


def choose(r, suites, counts, most):
    """As many plain cases and as many described ones as `counts` says, from suites and attacks in turn."""
    attacks = [load_attack(name, suites[s], Pipeline()) for name in ATTACKS for s in sorted(suites)]
    for described, (count, most) in enumerate(zip(counts, (most, DESCRIBED_MOST), strict=True)):
        left, seen, at = list(attacks), set(), 0
        while count:
            if not left:
                sys.exit(f"{count} cases of at most {most} characters are missing")
            found = draw(r, left[at % len(left)].task_suite, left[at % len(left)], bool(described), most, seen)
            if found:
                yield found
                count, at = count - 1, at + 1
            else:
                left.pop(at % len(left))


def main():
    seed, plain, described, most = map(int, sys.argv[1:])
    print(json.dumps({"agentdojo": version("agentdojo"), "benchmark": BENCHMARK}))
    for found in choose(random.Random(seed), get_suites(BENCHMARK), (plain, described), most):
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
